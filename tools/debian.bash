# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# To be sourced: packages of another suite of Debian than this machine's, downloaded and never installed.
# Needs no root: apt-get works on lists of its own, in a folder STATE.

# The base address of the Debian archive that apt uses here (not the security or the backports one).
debian_mirror() {
  # shellcheck disable=SC2016 # the dollar signs are apt's
  apt-get indextargets --format '$(RELEASE) $(ORIGIN) $(REPO_URI)' 'Created-By: Packages' |
    awk '$1 !~ /security|backports|updates/ { if ($2 == "Debian") { print $3; found = 1; exit }
           if (!any) any = $3 }
         END { if (!found) print any }'
}

# debian_apt STATE COMMAND...: an apt command that sees only the lists in STATE.
debian_apt() {
  APT_CONFIG=$1/apt.conf "${@:2}"
}

# debian_lists SUITE STATE: get the lists of SUITE into STATE, replacing what is there.
debian_lists() {
  local suite=$1 state=$2 mirror
  mirror=$(debian_mirror)
  [ -n "$mirror" ] || { echo "debian: apt knows no Debian mirror" >&2; return 1; }
  rm -rf "$state" && mkdir -p "$state"/{lists/partial,cache/archives/partial} || return 1
  cat > "$state/debian.sources" <<END
Types: deb
URIs: $mirror
Suites: $suite
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
END
  cat > "$state/apt.conf" <<END
Dir::State "$state"; Dir::State::Lists "$state/lists"; Dir::State::status "/dev/null";
Dir::Cache "$state/cache";
Dir::Etc::sourcelist "$state/debian.sources"; Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
APT::Sandbox::User "root"; Acquire::Languages "none"; Acquire::Check-Valid-Until "false";
Acquire::Retries "2";
END
  debian_apt "$state" apt-get -qq update
}

# debian_download STATE DIR PACKAGE...: get packages of STATE's suite into DIR.
debian_download() {
  mkdir -p "$2" && (cd "$2" && debian_apt "$1" apt-get -qq download "${@:3}")
}
