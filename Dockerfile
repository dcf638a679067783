# Heddle on Debian 12: docker build -t heddle . && docker run --rm --shm-size 1g heddle make run
FROM debian:12
RUN apt-get update -q && apt-get install -yq --no-install-recommends make
COPY cmake/setup.sh /heddle/cmake/
RUN /heddle/cmake/setup.sh build && rm -rf /var/lib/apt/lists/*
COPY . /heddle
WORKDIR /heddle
RUN make build
CMD ["make", "run"]
