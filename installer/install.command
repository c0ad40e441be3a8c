#!/bin/sh
# Double-click this file in Finder: install.sh does the work.
exec sh "$(dirname -- "$0")/install.sh" "$@"
