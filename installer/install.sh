#!/bin/sh
# Finds a Python and runs install.py with it, on Linux and macOS.  No administrator rights are needed.
# Everything after its name is passed on:  sh install.sh --dry-run
here=$(dirname -- "$0")
arguments=$#

finish() { # finish CODE: without arguments it was a double click, whose window would close unread
  if [ "$arguments" = 0 ] && [ -t 0 ]; then
    printf '\nPress Enter to close this window. '
    read -r _
  fi
  exit "$1"
}

find_python() { # sets python
  for version in 3.12 3.11 3.10 3.13 3.14; do
    for folder in '' "/Library/Frameworks/Python.framework/Versions/$version/bin/" /opt/homebrew/bin/ /usr/local/bin/; do
      try "${folder}python$version" && return
    done
  done
  # Without developer tools, Apple's python3 is an empty one that opens a window to offer them.
  if [ "$(uname)" = Darwin ]; then xcode-select -p >/dev/null 2>&1 || return; fi
  try python3
}

try() { # try PROGRAM: is it a Python that the installer runs with?
  python=$1
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' >/dev/null 2>&1 </dev/null
}

install_python() { # with Homebrew, if it is there and the user says yes
  PATH=$PATH:/opt/homebrew/bin:/usr/local/bin
  [ "$(uname)" = Darwin ] && command -v brew >/dev/null || return
  printf 'Install Python 3.12 now, with Homebrew? Type y and press Enter: '
  read -r answer && [ "$answer" = y ] && brew install python@3.12 && find_python
}

advice() {
  if [ "$(uname)" = Darwin ]; then
    echo 'get "macOS 64-bit universal2 installer" of Python 3.12 from
  https://www.python.org/downloads/release/python-31210/
run it'
  elif command -v apt-get >/dev/null; then echo 'type  sudo apt install python3 python3-venv'
  elif command -v dnf >/dev/null; then echo 'type  sudo dnf install python3'
  elif command -v pacman >/dev/null; then echo 'type  sudo pacman -S python'
  elif command -v zypper >/dev/null; then echo 'type  sudo zypper install python3'
  else echo 'install python3 with the package manager of your system'
  fi
}

# A file manager may start it without any window to read in.
if [ $# = 0 ] && ! [ -t 0 ] && ! [ -t 1 ] && [ -n "$DISPLAY$WAYLAND_DISPLAY" ]; then
  for terminal in x-terminal-emulator konsole xterm; do
    command -v $terminal >/dev/null && exec $terminal -e sh "$0"
  done
fi

setup=$here/install.py
[ -f "$setup" ] || setup=$here/installer/install.py
if ! [ -f "$setup" ]; then
  echo 'This file cannot find install.py. If you are looking into an archive, extract all of it first,'
  echo 'and start this again in the new folder.'
  finish 1
fi

if ! find_python; then
  echo 'No Python 3.10 or newer was found.'
  if ! install_python; then
    echo "To get one, $(advice), and start this again."
    finish 1
  fi
fi
"$python" "$setup" "$@"
finish $?
