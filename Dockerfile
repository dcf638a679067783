# Heddle on Debian 12: docker build -t heddle . && docker run --rm --shm-size 1g heddle make run
# With NVIDIA GPUs: docker build -t heddle-cuda --build-arg BASE=nvidia/cuda:13.0.1-cudnn-devel-ubuntu24.04 --build-arg TARGET=cuda . &&
#   docker run --rm --gpus all --shm-size 1g heddle-cuda tests/device/run_all.sh
ARG BASE=debian:12
FROM ${BASE}
ARG TARGET=build
RUN apt-get update -q && apt-get install -yq --no-install-recommends make
COPY cmake/setup.sh /heddle/cmake/
RUN /heddle/cmake/setup.sh build && rm -rf /var/lib/apt/lists/*
COPY . /heddle
WORKDIR /heddle
RUN make ${TARGET}
CMD ["make", "run"]
