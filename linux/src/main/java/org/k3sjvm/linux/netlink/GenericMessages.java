package org.k3sjvm.linux.netlink;

import java.nio.ByteBuffer;
import org.k3sjvm.linux.Errno;
import org.k3sjvm.linux.LinuxException;

/** Messages of generic netlink: struct genlmsghdr. Source: linux/genetlink.h. */
final class GenericMessages {
  /** Where the attributes begin. */
  static final int BODY = Message.HEADER_BYTES + 4;

  private static final int CONTROL = 0x10; // GENL_ID_CTRL
  private static final int GET_FAMILY = 3;
  private static final int VERSION = 1;
  private static final int FAMILY_ID = 1;
  private static final int FAMILY_NAME = 2;

  private GenericMessages() {}

  /** Asks for the number of a family; loads the module that has it. */
  static byte[] findFamily(String name) {
    return header(new Message(CONTROL, Message.REQUEST | Message.ACK), GET_FAMILY)
        .attributeName(FAMILY_NAME, name)
        .bytes();
  }

  static int parseFamily(ByteBuffer message) {
    int id = new Attributes(message.position(BODY)).u16(FAMILY_ID, 0);
    if (id == 0) {
      throw LinuxException.of("find a generic netlink family", Errno.EIO, "it has no number");
    }
    return id;
  }

  static Message header(Message message, int command) {
    return message.u8(command).u8(VERSION).u16(0);
  }
}
