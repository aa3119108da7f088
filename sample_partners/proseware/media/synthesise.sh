#!/bin/sh
# Makes the short pieces that the store sells: plain chords with a slow tremolo, synthesised,
# so that nobody else holds a right in them. The outputs are committed; neither the store nor
# its tests run this.
#
#   cd sample_partners/proseware/media && sh synthesise.sh
#
# Needs ffmpeg with libmp3lame, libvorbis, wmav2 and wmv2. The -bitexact flags keep dates and
# encoder versions out of the files; another ffmpeg may still give other bytes.
set -eu

common="-hide_banner -loglevel error -y"
exact="-map_metadata -1 -fflags +bitexact -flags:a +bitexact -flags:v +bitexact"

# chord SECONDS FREQUENCY...: prints an aevalsrc source
chord() {
    seconds=$1
    shift
    sum="0"
    for frequency in "$@"; do
        sum="$sum+0.12*sin(2*PI*$frequency*t)+0.04*sin(4*PI*$frequency*t)"
    done
    printf 'aevalsrc=(%s)*(0.8+0.2*sin(2*PI*2.5*t)):s=44100:d=%s' "$sum" "$seconds"
}

# shellcheck disable=SC2086  # the option lists are meant to split
encode_audio() {
    out=$1
    source=$2
    shift 2
    ffmpeg $common -f lavfi -i "$source" -ac 1 "$@" $exact "$out"
}

# The Info frame counts the bytes, so that a reader can tell a whole file from a cut one.
encode_audio piece.mp3 "$(chord 4 261.63 329.63 392.00)" -c:a libmp3lame -b:a 48k -ar 44100 -id3v2_version 0
encode_audio piece.wma "$(chord 4 220.00 261.63 329.63)" -c:a wmav2 -b:a 32k -ar 44100
encode_audio piece.m4a "$(chord 3 293.66 369.99 440.00)" -c:a aac -b:a 48k -ar 44100
encode_audio piece.flac "$(chord 2 196.00 246.94 293.66)" -c:a flac -ar 22050 -sample_fmt s16
encode_audio piece.ogg "$(chord 3 174.61 220.00 261.63)" -c:a libvorbis -q:a 0 -ar 44100
# A body of a few hundred bytes, of which the load mode makes as many tracks as are wanted.
encode_audio tiny.mp3 "$(chord 0.6 440.00)" -c:a libmp3lame -b:a 8k -ar 8000 -id3v2_version 0 -write_xing 0

# shellcheck disable=SC2086
ffmpeg $common -f lavfi -i "testsrc2=size=160x120:rate=10:duration=2" \
    -f lavfi -i "$(chord 2 329.63 415.30 493.88)" \
    -c:v wmv2 -b:v 90k -c:a wmav2 -b:a 32k -ac 1 -ar 44100 -shortest $exact -f asf piece.wmv
