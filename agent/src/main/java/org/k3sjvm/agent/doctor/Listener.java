package org.k3sjvm.agent.doctor;

import java.util.ArrayList;
import java.util.List;

/**
 * A socket that listens, or for UDP is bound.
 *
 * @param inode by which processes' descriptors name it
 */
record Listener(boolean udp, int port, long inode) {
  private static final int LOCAL = 1;
  private static final int STATE = 3;
  private static final int INODE = 9;
  private static final int HEX = 16;

  /** Source: Linux net/ipv4/tcp_ipv4.c, get_tcp4_sock; state 0A is TCP_LISTEN. */
  static List<Listener> parse(String table, boolean udp) {
    List<Listener> listeners = new ArrayList<>();
    for (String line : table.lines().skip(1).toList()) {
      String[] words = line.strip().split("\\s+", -1);
      if (words.length > INODE && (udp || words[STATE].equals("0A"))) {
        try {
          String local = words[LOCAL];
          listeners.add(
              new Listener(
                  udp,
                  Integer.parseInt(local.substring(local.lastIndexOf(':') + 1), HEX),
                  Long.parseLong(words[INODE])));
        } catch (NumberFormatException e) {
          // a line of another kernel; the others count
        }
      }
    }
    return listeners;
  }
}
