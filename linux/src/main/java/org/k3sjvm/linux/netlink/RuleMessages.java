package org.k3sjvm.linux.netlink;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.k3sjvm.linux.filter.Element;
import org.k3sjvm.linux.filter.Element.Extent;
import org.k3sjvm.linux.filter.FilterChange;
import org.k3sjvm.linux.filter.Packed;
import org.k3sjvm.linux.filter.Rule;
import org.k3sjvm.linux.filter.Rule.Field;
import org.k3sjvm.linux.filter.SetType;
import org.k3sjvm.linux.filter.SetType.Part;
import org.k3sjvm.linux.filter.TableName;
import org.k3sjvm.linux.netlink.FilterMessages.Batch;
import org.k3sjvm.linux.netlink.FilterMessages.Place;

/**
 * Messages of nf_tables that make and remove sets, chains and rules. Source:
 * linux/netfilter/nf_tables.h, and what nft v1.0.6 sends for the same rules.
 */
final class RuleMessages {
  private static final int NEW_CHAIN = FilterMessages.SUBSYSTEM << 8 | 3;
  private static final int DELETE_CHAIN = FilterMessages.SUBSYSTEM << 8 | 5;
  private static final int NEW_RULE = FilterMessages.SUBSYSTEM << 8 | 6;
  private static final int DELETE_RULE = FilterMessages.SUBSYSTEM << 8 | 8;
  private static final int NEW_SET = FilterMessages.SUBSYSTEM << 8 | 9;
  private static final int DELETE_SET = FilterMessages.SUBSYSTEM << 8 | 11;

  private static final int SET_KEY_TYPE = 4;
  private static final int SET_KEY_BYTES = 5;
  private static final int SET_DATA_TYPE = 6;
  private static final int SET_DATA_BYTES = 7;
  private static final int SET_DESCRIPTION = 9;
  private static final int SET_ID = 10;
  private static final int SET_IS_CONSTANT = 2;
  private static final int SET_IS_MAP = 8;
  private static final int DESCRIPTION_PARTS = 2;
  private static final int PART_BYTES = 1;
  private static final int DATA_IS_VERDICT = 0xffffff00; // NFT_DATA_VERDICT
  private static final int TYPE_BITS = 6; // of a part's number, in nft

  private static final int RULE_USER_DATA = 7;
  private static final int COMMENT = 0; // NFTNL_UDATA_RULE_COMMENT of libnftnl

  private static final int EXPRESSION_NAME = 1;
  private static final int EXPRESSION_DATA = 2;

  private static final int REGISTER_VERDICT = 0;
  private static final int REGISTER_FIRST = 8; // NFT_REG32_00; each has four bytes
  private static final int NETWORK_HEADER = 1;
  private static final int TRANSPORT_HEADER = 2;
  private static final int META_L4PROTO = 16;
  private static final int CT_STATE = 0;
  private static final int CT_STATE_INVALID = 1;
  private static final int CMP_NOT_EQUAL = 1;

  /** A rule has a few matches of some hundred bytes each, and a comment. */
  private static final int LARGEST_RULE_BYTES = 8192;

  private static final String ANY_NAME = "__set%d"; // the kernel finds a number

  private RuleMessages() {}

  static void add(Batch batch, FilterChange.AddSet add) {
    TableName table = add.set().table();
    SetType type = add.type();
    Message message =
        create(NEW_SET, Message.EXCLUSIVE, table)
            .attributeName(FilterMessages.SET_TABLE, table.name())
            .attributeName(FilterMessages.SET_NAME, add.set().set())
            .attributeBigU32(FilterMessages.SET_FLAGS, type.verdicts() ? SET_IS_MAP : 0);
    key(message, type.key());
    if (type.verdicts()) {
      message.attributeBigU32(SET_DATA_TYPE, DATA_IS_VERDICT).attributeBigU32(SET_DATA_BYTES, 0);
    }
    batch.add("add set " + add.set(), message.attributeBigU32(SET_ID, batch.nextId()).bytes());
  }

  static void remove(Batch batch, FilterChange.RemoveSet remove) {
    TableName table = remove.set().table();
    batch.add(
        "remove set " + remove.set(),
        delete(DELETE_SET, table)
            .attributeName(FilterMessages.SET_TABLE, table.name())
            .attributeName(FilterMessages.SET_NAME, remove.set().set())
            .bytes());
  }

  static void add(Batch batch, FilterChange.AddChain add) {
    TableName table = add.table();
    batch.add(
        "add chain " + table + " " + add.chain(),
        create(NEW_CHAIN, Message.EXCLUSIVE, table)
            .attributeName(FilterMessages.CHAIN_TABLE, table.name())
            .attributeName(FilterMessages.CHAIN_NAME, add.chain())
            .bytes());
    add.rules().forEach(rule -> add(batch, table, add.chain(), rule));
  }

  static void remove(Batch batch, FilterChange.RemoveChains remove) {
    TableName table = remove.table();
    for (String chain : remove.chains()) {
      batch.add(
          "empty chain " + table + " " + chain,
          delete(DELETE_RULE, table)
              .attributeName(FilterMessages.RULE_TABLE, table.name())
              .attributeName(FilterMessages.RULE_CHAIN, chain)
              .bytes());
    }
    for (String chain : remove.chains()) {
      batch.add(
          "remove chain " + table + " " + chain,
          delete(DELETE_CHAIN, table)
              .attributeName(FilterMessages.CHAIN_TABLE, table.name())
              .attributeName(FilterMessages.CHAIN_NAME, chain)
              .bytes());
    }
  }

  private static void add(Batch batch, TableName table, String chain, Rule rule) {
    List<Integer> sets = new ArrayList<>();
    for (Rule.Match match : rule.matches()) {
      sets.add(match instanceof Rule.OneOf oneOf ? addAnonymous(batch, table, oneOf) : 0);
    }
    Message message =
        create(NEW_RULE, Message.APPEND, table)
            .attributeName(FilterMessages.RULE_TABLE, table.name())
            .attributeName(FilterMessages.RULE_CHAIN, chain);
    int expressions = message.beginNested(FilterMessages.RULE_EXPRESSIONS);
    for (int i = 0; i < rule.matches().size(); i++) {
      switch (rule.matches().get(i)) {
        case Rule.Invalid _ -> invalid(message);
        case Rule.In(var fields, var set) -> lookup(message, fields, set, 0);
        case Rule.OneOf(var fields, _) -> lookup(message, fields, ANY_NAME, sets.get(i));
      }
    }
    expression(
        message,
        "immediate",
        () -> {
          message.attributeBigU32(1, REGISTER_VERDICT); // NFTA_IMMEDIATE_DREG
          FilterMessages.value(message, 2, rule.verdict()); // NFTA_IMMEDIATE_DATA
        });
    message.end(expressions);
    if (!rule.comment().isEmpty()) {
      message.attribute(RULE_USER_DATA, comment(rule.comment()));
    }
    batch.add("add to chain " + table + " " + chain + ": " + rule, message.bytes());
  }

  /** Type, length and text with a zero at its end. */
  private static byte[] comment(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    byte[] data = Arrays.copyOf(new byte[] {COMMENT, (byte) (bytes.length + 1)}, bytes.length + 3);
    System.arraycopy(bytes, 0, data, 2, bytes.length);
    return data;
  }

  /** A set of one rule, which goes with it; its number in the transaction. */
  private static int addAnonymous(Batch batch, TableName table, Rule.OneOf match) {
    List<Part> parts = match.fields().stream().map(Field::part).toList();
    boolean ranges = match.elements().stream().anyMatch(e -> e.extent() != Extent.POINT);
    boolean boxes = ranges && parts.size() > 1;
    int id = batch.nextId();
    Message message =
        create(NEW_SET, 0, table)
            .attributeName(FilterMessages.SET_TABLE, table.name())
            .attributeName(FilterMessages.SET_NAME, ANY_NAME)
            .attributeBigU32(
                FilterMessages.SET_FLAGS,
                FilterMessages.SET_IS_ANONYMOUS
                    | SET_IS_CONSTANT
                    | (ranges ? FilterMessages.SET_HAS_INTERVALS : 0)
                    | (boxes ? FilterMessages.SET_IS_CONCATENATED : 0));
    key(message, parts);
    message.attributeBigU32(SET_ID, id);
    if (boxes) {
      int description = message.beginNested(SET_DESCRIPTION);
      int list = message.beginNested(DESCRIPTION_PARTS);
      for (Part part : parts) {
        int item = message.beginNested(FilterMessages.LIST_ITEM);
        message.attributeBigU32(PART_BYTES, part.bytes()).end(item);
      }
      message.end(list).end(description);
    }
    batch.add("add a set to " + table, message.bytes());
    List<Element> elements = ranges ? extended(match.elements(), boxes) : match.elements();
    FilterMessages.addElements(
        batch, "fill a set of " + table, new Place(table, ANY_NAME, id), elements);
    return id;
  }

  /** Where some are ranges, all must be. */
  private static List<Element> extended(List<Element> elements, boolean boxes) {
    return elements.stream()
        .map(e -> boxes ? Element.box(e.first(), e.last()) : Element.interval(e.first(), e.last()))
        .toList();
  }

  private static void key(Message message, List<Part> parts) {
    int type = 0;
    int bytes = 0;
    for (Part part : parts) {
      type = type << TYPE_BITS | part.number();
      bytes += padded(part);
    }
    message.attributeBigU32(SET_KEY_TYPE, type).attributeBigU32(SET_KEY_BYTES, bytes);
  }

  private static void lookup(Message message, List<Field> fields, String set, int id) {
    int register = REGISTER_FIRST;
    for (Field field : fields) {
      load(message, field, register);
      register += padded(field.part()) / 4;
    }
    expression(
        message,
        "lookup",
        () -> {
          message.attributeName(1, set); // NFTA_LOOKUP_SET
          message.attributeBigU32(2, REGISTER_FIRST); // NFTA_LOOKUP_SREG
          if (id != 0) {
            message.attributeBigU32(4, id); // NFTA_LOOKUP_SET_ID
          }
        });
  }

  private static void load(Message message, Field field, int register) {
    switch (field) {
      case SOURCE -> payload(message, register, NETWORK_HEADER, 12, field);
      case TARGET -> payload(message, register, NETWORK_HEADER, 16, field);
      case SOURCE6 -> payload(message, register, NETWORK_HEADER, 8, field);
      case TARGET6 -> payload(message, register, NETWORK_HEADER, 24, field);
      case TARGET_PORT -> payload(message, register, TRANSPORT_HEADER, 2, field);
      case PROTOCOL ->
          expression(
              message,
              "meta",
              () -> {
                message.attributeBigU32(1, register); // NFTA_META_DREG
                message.attributeBigU32(2, META_L4PROTO); // NFTA_META_KEY
              });
    }
  }

  private static void payload(Message message, int register, int header, int offset, Field field) {
    expression(
        message,
        "payload",
        () -> {
          message.attributeBigU32(1, register); // NFTA_PAYLOAD_DREG
          message.attributeBigU32(2, header); // NFTA_PAYLOAD_BASE
          message.attributeBigU32(3, offset); // NFTA_PAYLOAD_OFFSET
          message.attributeBigU32(4, field.part().bytes()); // NFTA_PAYLOAD_LEN
        });
  }

  /** The state is a number of the host with one bit for each. */
  private static void invalid(Message message) {
    expression(
        message,
        "ct",
        () -> {
          message.attributeBigU32(1, REGISTER_FIRST); // NFTA_CT_DREG
          message.attributeBigU32(2, CT_STATE); // NFTA_CT_KEY
        });
    expression(
        message,
        "bitwise",
        () -> {
          message.attributeBigU32(1, REGISTER_FIRST); // NFTA_BITWISE_SREG
          message.attributeBigU32(2, REGISTER_FIRST); // NFTA_BITWISE_DREG
          message.attributeBigU32(3, Integer.BYTES); // NFTA_BITWISE_LEN
          FilterMessages.value(message, 4, number(CT_STATE_INVALID)); // NFTA_BITWISE_MASK
          FilterMessages.value(message, 5, number(0)); // NFTA_BITWISE_XOR
        });
    expression(
        message,
        "cmp",
        () -> {
          message.attributeBigU32(1, REGISTER_FIRST); // NFTA_CMP_SREG
          message.attributeBigU32(2, CMP_NOT_EQUAL); // NFTA_CMP_OP
          FilterMessages.value(message, 3, number(0)); // NFTA_CMP_DATA
        });
  }

  private static Element.Value number(int number) {
    return Element.data(Packed.of().number(number).build());
  }

  private static void expression(Message message, String name, Runnable data) {
    int item = message.beginNested(FilterMessages.LIST_ITEM);
    message.attributeName(EXPRESSION_NAME, name);
    int nested = message.beginNested(EXPRESSION_DATA);
    data.run();
    message.end(nested).end(item);
  }

  private static int padded(Part part) {
    return (part.bytes() + 3) / 4 * 4;
  }

  private static Message create(int type, int flags, TableName table) {
    return FilterMessages.header(
        new Message(type, Message.REQUEST | Message.CREATE | flags, LARGEST_RULE_BYTES),
        FilterMessages.family(table),
        0);
  }

  private static Message delete(int type, TableName table) {
    return FilterMessages.header(
        new Message(type, Message.REQUEST), FilterMessages.family(table), 0);
  }
}
