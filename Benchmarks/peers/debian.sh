# How a peer is had from Debian without installing it; sourced, with `folder` and what samples/prepare.sh has.

# As root, apt-get would warn that its own user may not write here.
download() {
    (cd "$folder/download" && apt-get -q -o APT::Sandbox::User=root download "$1" >&2)
}

# Gets the newest version that the package lists of this machine know, and unpacks it. No service is set up or started.
get_peer() {
    [ ! -e "$folder/debs/$1.deb" ] || return 0
    say "Getting $1 from Debian."
    rm -rf "$folder/download"
    mkdir -p "$folder/download" "$folder/debs" "$folder/unpacked" || return 1
    if ! download "$1" && ! { apt_get update && download "$1"; }; then
        say "$1 cannot be had here; the lines above say why. Debian 12 has it."
        return 1
    fi
    dpkg -x "$folder/download/"*.deb "$folder/unpacked" || return 1
    # Last: where this file is, the rest is complete.
    mv "$folder/download/"*.deb "$folder/debs/$1.deb"
}
