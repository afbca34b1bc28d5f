#!/bin/sh
# Every night: score the open leads, look at what was scored, write what changed to the CRM.
# An alarm of the monitor (exit code 4) is told but stops nothing; a failed score stops the push.
set -u
: "${TAMIS:=tamis}" "${WORKSPACE:?name the workspace}"
"$TAMIS" score --workspace "$WORKSPACE" --log-json || exit $?
"$TAMIS" monitor --workspace "$WORKSPACE" --log-json --fail-on-alarm
code=$?
[ "$code" -eq 0 ] || [ "$code" -eq 4 ] || exit "$code"
"$TAMIS" push --workspace "$WORKSPACE" --log-json
