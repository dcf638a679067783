#!/usr/bin/env bash
# Do the README's lines work, as printed and in their order, on a machine that has nothing? Builds a minimal Debian 12 tree with
# debootstrap, puts the last commit into it and runs them inside, by one shell that ends at the first that fails, as root:
#   tests/fresh/debian12.sh [--user] [--without REGEX] [COMMAND ...]
# --user: as a user with sudo. --without: but for lines that match. COMMANDs are run in place of the README's lines.
# Needs root, debootstrap, an apt that works, and 6 GB under TMPDIR. KEEP=1 leaves the tree behind for a look.
set -euo pipefail
source=$(cd "$(dirname "$0")/../.." && pwd)
user=root without='^$'
while [[ ${1:-} == --* ]]; do
  case $1 in
    --user) user=weaver; shift ;;
    --without) without=$2; shift 2 ;;
    *) echo "fresh: there is no $1" >&2; exit 2 ;;
  esac
done
((EUID == 0)) || { echo "fresh: debootstrap and chroot need root" >&2; exit 1; }
command -v debootstrap >/dev/null || { echo "fresh: install debootstrap first" >&2; exit 1; }

tree=$(mktemp -d "${TMPDIR:-/tmp}/heddle-fresh.XXXXXX")
chmod 755 "$tree"  # it is the root of all users
# The mounts live in a namespace that ends with each command, so removing the tree cannot reach the host's /dev.
clean_up() {
  if [[ ${KEEP:-} ]]; then echo "fresh: the tree is $tree"; else rm -rf --one-file-system "$tree"; fi
}
trap clean_up EXIT

# The fresh apt uses the host's Debian mirrors and connection settings, whatever they are; nothing else of its set-up.
mirrors=$(apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' \
          'Created-By: Packages' 'Origin: Debian' | grep ' bookworm' | sort -u || true)
[[ $mirrors ]] || { echo "fresh: apt knows no mirror of bookworm; run apt-get update on a Debian 12 host" >&2; exit 1; }
mirror=$(awk '$3 == "bookworm" { print $2; exit }' <<<"$mirrors")
apt_proxy=$(apt-config dump --format '%v' Acquire::http::Proxy || true)
[[ $apt_proxy ]] && export http_proxy=${http_proxy:-$apt_proxy}

echo "fresh: debootstrap from $mirror"
debootstrap --variant=minbase --include="make$([[ $user == root ]] || echo ,sudo)" bookworm "$tree" "$mirror" >"$tree.log" || { tail "$tree.log"; exit 1; }
rm "$tree.log"
echo "$mirrors" >"$tree/etc/apt/sources.list"
apt-config dump | grep -E '^Acquire::(Check-|http|https|Retries|ForceIP)' >"$tree/etc/apt/apt.conf.d/90host" || true
for file in resolv.conf hosts ssl/certs/ca-certificates.crt; do
  [[ -f /etc/$file ]] && install -D -m 644 "$(readlink -f "/etc/$file")" "$tree/etc/$file"
done
mkdir "$tree/heddle"
git -C "$source" archive HEAD | tar -x -C "$tree/heddle"
home=/root
if [[ $user != root ]]; then
  home=/home/$user
  chroot "$tree" useradd --create-home --shell /bin/bash "$user"
  echo "$user ALL=(ALL) NOPASSWD: ALL" >"$tree/etc/sudoers.d/$user"
  chroot "$tree" chown -R "$user" /heddle
fi
if (($#)); then printf '%s\n' "$@"; else sed -n '/^```sh/,/^```/{/^```/!p}' "$source/README.md"; fi |
  grep -vE "$without" >"$tree/heddle/lines.sh"

settings=(HOME="$home" PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8)
for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY SSL_CERT_FILE; do
  [[ ${!name:-} ]] && settings+=("$name=${!name}")
done
# Each line is told with the seconds since the start.
started=$SECONDS
unshare --mount --pid --fork --kill-child bash -e -c '
  mount -t proc proc "$0/proc"
  mount --rbind /sys "$0/sys"
  mount --rbind /dev "$0/dev"
  mount -t tmpfs tmpfs "$0/tmp"
  exec chroot "$0" "$@"' \
  "$tree" setpriv --reuid "$user" --regid "$user" --init-groups /usr/bin/env -i "${settings[@]}" \
  bash -c 'cd /heddle; PS4="fresh: +\${SECONDS} s: "; set -ex; . ./lines.sh'
echo "fresh: all lines passed as $user in $((SECONDS - started)) s"
