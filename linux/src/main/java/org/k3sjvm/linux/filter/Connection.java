package org.k3sjvm.linux.filter;

import java.net.InetAddress;

/**
 * A connection that the kernel tracks.
 *
 * @param protocol such as 17 for UDP
 * @param source who began it
 * @param sourcePort 0 to 65535
 * @param destination whom it was sent to, before any translation
 * @param replySource who answers, after translation
 * @param id the kernel's own number for it
 */
public record Connection(
    int protocol,
    InetAddress source,
    int sourcePort,
    InetAddress destination,
    int destinationPort,
    InetAddress replySource,
    int replySourcePort,
    int id) {}
