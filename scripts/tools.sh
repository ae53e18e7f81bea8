#!/bin/sh
# Looks for a working C compiler, which the race detector and the comparison
# with C layouts need. Without one: installs it if this is root or CI, else
# prints the command that would. Never fails; the tests say what they missed.
#
#   scripts/tools.sh            look, install or say how
#   scripts/tools.sh have-cc    exit with 0 if there is one, do nothing else
set -u

have_cc() {
	cc=$(go env CC)
	${cc:-gcc} -x c -o /dev/null - >/dev/null 2>&1 <<-'C'
		#include <stdio.h>
		int main(void) { return puts("") < 0; }
	C
}

if [ "${1-}" = have-cc ]; then
	have_cc
	exit
fi
have_cc && exit 0

packages="gcc libc6-dev"
case $(uname -s) in
Darwin) command="xcode-select --install" ;;
*) command="sudo apt-get install -y $packages" ;;
esac
sudo=
[ "$(id -u)" = 0 ] || sudo="sudo -n"
if command -v apt-get >/dev/null && { [ -z "$sudo" ] || [ -n "${CI-}" ]; }; then
	echo "installing $packages"
	log=$($sudo apt-get update 2>&1 && $sudo apt-get install -y --no-install-recommends $packages 2>&1) ||
		printf '%s\n' "$log"
	have_cc && exit 0
fi
echo "no working C compiler: what needs one is skipped"
echo "to install: $command"
