#!/usr/bin/perl
# A store in Perl: a surrogate of its own, written from docs/reference/wire.md alone.
#
#     [NAME.host]
#     surrogate = ["perl", "/path/to/surrogate.pl"]
#     [NAME.settings]
#     store_url = "https://store.example"
#     not_sold = [72]
#
# It grants every track but those that are not sold: delivers a licence, then answers with
# STORE_URL/TRACK.mp3. It needs the core modules of Perl 5 alone. One thread is enough: the
# registration says Apartment, so the Player makes one call at a time.

use strict;
use warnings;

use IO::Handle;
use IO::Select;
use JSON::PP;

use constant {
    WIRE_VERSION     => 2,
    CONTRACT_VERSION => 1,
    CONTENT_PARTNER  => 0x40,
    INFORMATION      => 20,
    WARNING          => 30,
    S_OK             => '0x00000000',
    E_NOTIMPL        => '0x80004001',
    E_INVALIDARG     => '0x80070057',
    NOT_SOLD         => '0xC00D135C',    # NS_E_TRACK_DOWNLOAD_REQUIRES_PURCHASE
    WITHOUT_PLAYER   => 70,
    WIRE_BROKEN      => 71,
};

my $json = JSON::PP->new->utf8->ascii->canonical;

my ($wire_number, $answers_number, $lifeline_number) = @ARGV;
open my $orders,    '<&=', $wire_number     or die "the wire cannot be read: $!";
open my $to_player, '>&=', $wire_number     or die "the wire cannot be written: $!";
open my $answers,   '<&=', $answers_number  or die "the answers cannot be read: $!";
open my $lifeline,  '<&=', $lifeline_number or die "there is no lifeline: $!";
binmode $_ for $orders, $to_player, $answers;
$to_player->autoflush(1);
$SIG{PIPE} = sub { exit WITHOUT_PLAYER };

# The Player makes one call at a time, so no second line hides in the buffer of Perl.
my $waiting_order = IO::Select->new($orders);

my $calls_made = 0;
my @work;    # what is left to do after the return of a call
my (%settings, %not_sold);
my $log_level = WARNING;

my %method = (
    SetCallback           => \&set_callback,
    Download              => \&download,
    DownloadTrackComplete => \&download_track_complete,
);

# --- the life of the process ---------------------------------------------------------------------

send_message(hello => { wire => WIRE_VERSION, contract => CONTRACT_VERSION, software => 'Perl' });

while (1) {
    if (@work && !$waiting_order->can_read(0)) {
        (shift @work)->();
        next;
    }
    my ($kind, $body) = receive_message($orders);
    if    ($kind eq 'load')    { send_message(loaded => loaded()) }
    elsif ($kind eq 'create')  { create($body) }
    elsif ($kind eq 'call')    { serve($body) }
    elsif ($kind eq 'goodbye') { exit 0 }
}

sub loaded {
    return {
        reference    => 'surrogate.pl',
        distribution => 'perl-store',
        version      => '1.0',
        methods      => [sort keys %method],
        service_info => {
            key              => 'PerlStore',
            friendly_name    => 'The Perl Store',
            capabilities     => CONTENT_PARTNER,
            threading_model  => 'Apartment',
            contract_version => CONTRACT_VERSION,
        },
    };
}

sub create {
    my ($body) = @_;
    %settings = %{ $body->{settings} };
    my @problems = settings_problems();
    if (@problems) {
        send_message(failed => { stage => 'settings', problems => \@problems });
        return;
    }
    %not_sold = map { $_ => 1 } @{ $settings{not_sold} // [] };
    $log_level = $body->{log_level} // WARNING;
    send_message(created => { secrets => [] });
}

sub settings_problems {
    my @problems;
    push @problems, 'store_url: expected text' if ref $settings{store_url} || !$settings{store_url};
    my $listed = ref($settings{not_sold} // []) eq 'ARRAY';
    push @problems, 'not_sold: expected a list of numbers' unless $listed;
    return @problems;
}

# --- the methods of the store --------------------------------------------------------------------

sub set_callback {
    my ($arguments) = @_;
    @work = () unless $arguments->{attached};
    return S_OK;
}

sub download {
    my ($arguments) = @_;
    my ($list, $cookie) = @$arguments{qw(container_list cookie)};
    return E_INVALIDARG unless $list;
    my %seen;
    for my $container (@{ $list->{containers} }) {
        for my $item (@{ $container->{items} }) {
            my ($track_id) = @$item;
            push @work, sub { answer($cookie, $track_id) } unless $seen{$track_id}++;
        }
    }
    return S_OK;
}

sub answer {
    my ($cookie, $track_id) = @_;
    if ($not_sold{$track_id}) {
        report(WARNING, "track $track_id is not sold");
        download_track($cookie, $track_id, undef, undef, NOT_SOLD);
        return;
    }
    my $license = {
        content_id => $track_id,
        key_id     => undef,
        rights     => ['play', 'burn'],
        expires    => undef,
    };
    call(Predeliver => { license => $license });
    my $url = "$settings{store_url}/$track_id.mp3";
    download_track($cookie, $track_id, $url, "order $cookie/$track_id", S_OK);
}

sub download_track {
    my ($cookie, $track_id, $url, $params, $hr) = @_;
    # "+ 0": a number that was used within a text would otherwise be written as one.
    my %answer = (
        cookie   => $cookie + 0,
        url      => $url,
        track_id => $track_id + 0,
        params   => $params,
        hr       => $hr,
    );
    return call(DownloadTrack => \%answer)->{hr};
}

sub download_track_complete {
    my ($arguments) = @_;
    report(INFORMATION, "track $arguments->{track_id} of $arguments->{params}: $arguments->{hr}");
    return S_OK;
}

sub report {
    my ($level, $text) = @_;
    send_message(log => { level => $level, text => $text }) if $level >= $log_level;
}

# --- calls in both directions --------------------------------------------------------------------

sub serve {
    my ($body) = @_;
    my $method = $method{ $body->{name} };
    my $hr = $method ? $method->($body->{arguments}) : E_NOTIMPL;
    send_message(return => { id => $body->{id}, name => 'Return', values => { hr => $hr } });
}

# Call the Player, and return the values of the answer.
sub call {
    my ($name, $arguments) = @_;
    my $number = ++$calls_made;
    send_message(call => { id => $number, name => $name, arguments => $arguments });
    my (undef, $body) = receive_message($answers);
    return $body->{values};
}

# --- lines ---------------------------------------------------------------------------------------

sub receive_message {
    my ($from_player) = @_;
    my $line = <$from_player>;
    exit WITHOUT_PLAYER unless defined $line && $line =~ /\n\z/;
    my $message = eval { $json->decode($line) };
    my @kinds = ref $message eq 'HASH' ? keys %$message : ();
    if (@kinds != 1) {
        print STDERR "what came over the wire was no message\n";
        exit WIRE_BROKEN;
    }
    return ($kinds[0], $message->{ $kinds[0] });
}

sub send_message {
    my ($kind, $body) = @_;
    print {$to_player} $json->encode({ $kind => $body }), "\n";
}
