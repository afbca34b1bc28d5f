#!/bin/sh
# Each quarter: retrain; where no challenger may replace the champion (exit code 4), at least its percentages follow.
set -u
: "${TAMIS:=tamis}" "${WORKSPACE:?name the workspace}"
"$TAMIS" retrain --workspace "$WORKSPACE" --log-json
code=$?
[ "$code" -eq 4 ] || exit "$code"
"$TAMIS" recalibrate --workspace "$WORKSPACE" --log-json
code=$?
[ "$code" -eq 4 ] || exit "$code"
