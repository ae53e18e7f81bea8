#!/bin/sh
# Fuzzes every target of the module, one after another.
#
#   scripts/fuzz.sh COUNT [-json]     COUNT as for go test -fuzztime, say 3000x
#
# A count, not a time: with a time, go test up to 1.26 now and then reports
# "context deadline exceeded" as a finding (go.dev/issue/75804).
set -eu
count=$1
json=${2-}
go=${GO:-go}

dirs=$(git grep -lE --untracked '^func Fuzz' -- '*_test.go' ':!*/testdata/*' | xargs -n 1 dirname | sort -u)
code=0
for dir in $dirs; do
	targets=$($go test -list '^Fuzz' "./$dir" | grep '^Fuzz') || { # does not build
		$go test -list '^Fuzz' "./$dir" || true
		exit 1
	}
	for target in $targets; do
		[ -n "$json" ] || echo "$dir $target"
		$go test $json -run '^$' -fuzz "^$target\$" -fuzztime "$count" -fuzzminimizetime 100x "./$dir" || code=1
	done
done
exit $code
