#!/usr/bin/perl
# A line echo on POE::Component::Server::TCP, to be measured by benches/adapters.sh: echo.pl
#
# It prints "listening ADDRESS" and serves until it is killed. Small replies leave at once, as with all others that are measured. The loop
# is IO::Poll's, the one of POE's own that is made for more than 1024 connections.
use strict;
use warnings;

use IO::Poll;
use POE qw(Component::Server::TCP Filter::Line);
use Socket qw(inet_ntoa sockaddr_in IPPROTO_TCP TCP_NODELAY);

$| = 1;

POE::Component::Server::TCP->new(
    Address => '127.0.0.1',
    Port    => 0,
    Started => sub {
        my ($port, $address) = sockaddr_in($_[HEAP]{listener}->getsockname);
        print 'listening ', inet_ntoa($address), ":$port\n";
    },
    ClientConnected => sub {
        setsockopt($_[HEAP]{client}->get_input_handle, IPPROTO_TCP, TCP_NODELAY, 1) or die "TCP_NODELAY: $!";
    },
    ClientFilter => POE::Filter::Line->new(Literal => "\r\n"),
    ClientInput  => sub { $_[HEAP]{client}->put($_[ARG0]) },
    ClientError  => sub { },
);
POE::Kernel->run;
