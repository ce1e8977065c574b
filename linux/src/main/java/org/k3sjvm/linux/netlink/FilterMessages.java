package org.k3sjvm.linux.netlink;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.k3sjvm.linux.filter.Element;
import org.k3sjvm.linux.filter.Element.Extent;
import org.k3sjvm.linux.filter.Element.Value;
import org.k3sjvm.linux.filter.ElementChange;
import org.k3sjvm.linux.filter.FilterChange;
import org.k3sjvm.linux.filter.Packed;
import org.k3sjvm.linux.filter.SetName;
import org.k3sjvm.linux.filter.TableName;

/** Messages of nf_tables. Source: linux/netfilter/nfnetlink.h and nf_tables.h. */
final class FilterMessages {
  static final int SUBSYSTEM = 10; // NFNL_SUBSYS_NFTABLES
  private static final int BATCH_BEGIN = 0x10;
  private static final int BATCH_END = 0x11;
  private static final int GET_CHAIN = SUBSYSTEM << 8 | 4;
  private static final int GET_RULE = SUBSYSTEM << 8 | 7;
  private static final int GET_TABLE = SUBSYSTEM << 8 | 1;
  private static final int GET_SET = SUBSYSTEM << 8 | 10;
  private static final int NEW_ELEMENT = SUBSYSTEM << 8 | 12;
  private static final int GET_ELEMENT = SUBSYSTEM << 8 | 13;
  private static final int DELETE_ELEMENT = SUBSYSTEM << 8 | 14;
  private static final int GET_GENERATION = SUBSYSTEM << 8 | 16;

  /** An attribute's length has 16 bits. */
  private static final int LARGEST_LIST_BYTES = 60_000;

  private static final int TABLE = 1; // NFTA_SET_ELEM_LIST_TABLE and its like
  private static final int SET = 2;
  private static final int ELEMENTS = 3;
  private static final int SET_ID = 4;
  static final int LIST_ITEM = 1; // NFTA_LIST_ELEM
  private static final int KEY = 1;
  private static final int DATA = 2;
  private static final int FLAGS = 3;
  private static final int KEY_END = 10;
  private static final int DATA_VALUE = 1;
  private static final int DATA_VERDICT = 2;
  private static final int VERDICT_CODE = 1;
  private static final int VERDICT_CHAIN = 2;

  static final int BODY = Message.HEADER_BYTES + 4; // after struct nfgenmsg
  static final int INTERVAL_END = 1;
  static final int SET_TABLE = 1;
  static final int SET_NAME = 2;
  static final int SET_FLAGS = 3;
  static final int SET_IS_ANONYMOUS = 1;
  static final int SET_HAS_INTERVALS = 4;
  static final int SET_IS_CONCATENATED = 0x80;
  static final int CHAIN_TABLE = 1;
  static final int CHAIN_HANDLE = 2;
  static final int CHAIN_NAME = 3;
  static final int CHAIN_HOOK = 4;
  static final int CHAIN_POLICY = 5;
  static final int RULE_TABLE = 1;
  static final int RULE_CHAIN = 2;
  static final int RULE_HANDLE = 3;
  static final int RULE_EXPRESSIONS = 4;
  static final int GENERATION_ID = 1;

  private FilterMessages() {}

  /** A transaction; {@code places} gets the name of what each message is about. */
  static byte[] batch(List<? extends FilterChange> changes, List<String> places) {
    Batch batch = new Batch(places);
    batch.add("begin", bound(BATCH_BEGIN));
    for (FilterChange change : changes) {
      switch (change) {
        case ElementChange.Add(SetName set, var some) ->
            elements(batch, "add to " + set, NEW_ELEMENT, Place.of(set), some);
        case ElementChange.Delete(SetName set, var some) ->
            elements(batch, "delete from " + set, DELETE_ELEMENT, Place.of(set), some);
        case FilterChange.AddSet add -> RuleMessages.add(batch, add);
        case FilterChange.AddChain add -> RuleMessages.add(batch, add);
        case FilterChange.RemoveChains remove -> RuleMessages.remove(batch, remove);
        case FilterChange.RemoveSet remove -> RuleMessages.remove(batch, remove);
      }
    }
    batch.add("end", bound(BATCH_END));
    return batch.bytes();
  }

  /** A transaction that grows. */
  static final class Batch {
    private final ByteArrayOutputStream messages = new ByteArrayOutputStream();
    private final List<String> places;
    private int lastId;

    Batch(List<String> places) {
      this.places = places;
    }

    /** Adds a message; {@code place} names it to whoever reads of its refusal. */
    void add(String place, byte[] message) {
      messages.writeBytes(message);
      places.add(place);
    }

    /** A number that this transaction has not used. */
    int nextId() {
      return ++lastId;
    }

    byte[] bytes() {
      return messages.toByteArray();
    }
  }

  /**
   * A set as messages name it.
   *
   * @param id its number in this transaction; 0 for a set that is known by its name
   */
  record Place(TableName table, String set, int id) {
    static Place of(SetName set) {
      return new Place(set.table(), set.set(), 0);
    }
  }

  /** Adds elements to a set of this transaction, in as many messages as they need. */
  static void addElements(Batch batch, String name, Place set, List<Element> elements) {
    elements(batch, name, NEW_ELEMENT, set, elements);
  }

  private static void elements(
      Batch batch, String name, int type, Place set, List<Element> elements) {
    List<Edge> edges = edges(elements);
    int from = 0;
    while (from < edges.size()) {
      int bytes = 0;
      int to = from;
      while (to < edges.size() && bytes + bytes(edges.get(to)) <= LARGEST_LIST_BYTES) {
        bytes += bytes(edges.get(to++));
      }
      batch.add(name, elements(type, set, edges.subList(from, to), bytes));
      from = to;
    }
  }

  static byte[] dumpElements(SetName set) {
    return request(GET_ELEMENT, Message.DUMP, set.table())
        .attributeName(TABLE, set.table().name())
        .attributeName(SET, set.set())
        .bytes();
  }

  static byte[] getSet(SetName set) {
    return request(GET_SET, 0, set.table())
        .attributeName(TABLE, set.table().name())
        .attributeName(SET, set.set())
        .bytes();
  }

  static byte[] dumpSets(TableName table) {
    return request(GET_SET, Message.DUMP, table).attributeName(TABLE, table.name()).bytes();
  }

  static byte[] getTable(TableName table) {
    return request(GET_TABLE, 0, table).attributeName(TABLE, table.name()).bytes();
  }

  static byte[] dumpChains(TableName table) {
    return request(GET_CHAIN, Message.DUMP, table).attributeName(CHAIN_TABLE, table.name()).bytes();
  }

  static byte[] dumpRules(TableName table) {
    return request(GET_RULE, Message.DUMP, table).attributeName(RULE_TABLE, table.name()).bytes();
  }

  static byte[] getGeneration() {
    return header(new Message(GET_GENERATION, Message.REQUEST | Message.ACK), 0, 0).bytes();
  }

  /** The elements, or ends of intervals, that a message of a dump has. */
  static void parseElements(ByteBuffer message, List<Edge> into) {
    int list = find(message, BODY, message.limit(), ELEMENTS);
    if (list < 0) {
      return;
    }
    int end = end(message, list);
    for (int at = list; at + 4 <= end; at += aligned(length(message, at))) {
      into.add(edge(message, at + 4, at + length(message, at)));
    }
  }

  /**
   * What the kernel calls an element.
   *
   * @param end whether an interval ends before it
   */
  record Edge(Element element, boolean end) {}

  private static Edge edge(ByteBuffer message, int from, int to) {
    Packed key = value(message, find(message, from, to, KEY));
    int keyEnd = find(message, from, to, KEY_END);
    int flags = find(message, from, to, FLAGS);
    int data = find(message, from, to, DATA);
    Value value = new Value.None();
    if (data >= 0) {
      int verdict = find(message, data, end(message, data), DATA_VERDICT);
      value = verdict < 0 ? Element.data(value(message, data)) : verdict(message, verdict);
    }
    boolean end = flags >= 0 && (bigU32(message, flags) & INTERVAL_END) != 0;
    Element element =
        keyEnd < 0
            ? Element.of(key, value)
            : new Element(key, value(message, keyEnd), Extent.BOX, value);
    return new Edge(element, end);
  }

  private static Value verdict(ByteBuffer message, int verdict) {
    int end = end(message, verdict);
    int code = bigU32(message, find(message, verdict, end, VERDICT_CODE));
    int chain = find(message, verdict, end, VERDICT_CHAIN);
    String name =
        chain < 0
            ? ""
            : new Attributes(message.slice(verdict, end - verdict)).text(VERDICT_CHAIN).orElse("");
    for (Value.Kind kind : Value.Kind.values()) {
      if (kind.code() == code) {
        return new Value.Verdict(kind, name);
      }
    }
    throw new IllegalStateException("unknown verdict " + code);
  }

  private static Packed value(ByteBuffer message, int nested) {
    int value = find(message, nested, end(message, nested), DATA_VALUE);
    byte[] bytes = new byte[end(message, value) - value];
    message.get(value, bytes);
    return Packed.ofBytes(bytes);
  }

  /** Where the payload of an attribute begins, −1 when there is none. */
  private static int find(ByteBuffer message, int from, int to, int type) {
    for (int at = from; at + 4 <= to; at += aligned(length(message, at))) {
      if ((message.getShort(at + 2) & 0x3fff) == type) {
        return at + 4;
      }
    }
    return -1;
  }

  private static int length(ByteBuffer message, int attribute) {
    return Math.max(4, Short.toUnsignedInt(message.getShort(attribute)));
  }

  private static int end(ByteBuffer message, int payload) {
    return payload - 4 + length(message, payload - 4);
  }

  private static int bigU32(ByteBuffer message, int payload) {
    return message.get(payload) << 24
        | Byte.toUnsignedInt(message.get(payload + 1)) << 16
        | Byte.toUnsignedInt(message.get(payload + 2)) << 8
        | Byte.toUnsignedInt(message.get(payload + 3));
  }

  /** Intervals as the kernel takes them: where they begin, and where they have just ended. */
  private static List<Edge> edges(List<Element> elements) {
    List<Edge> edges = new ArrayList<>(elements.size());
    for (Element element : elements) {
      edges.add(new Edge(element, false));
      if (element.extent() == Extent.INTERVAL && !isHighest(element.last())) {
        edges.add(new Edge(Element.of(element.last().next()), true));
      }
    }
    return edges;
  }

  private static boolean isHighest(Packed key) {
    for (byte b : key.bytes()) {
      if (b != -1) {
        return false;
      }
    }
    return true;
  }

  private static byte[] elements(int type, Place set, List<Edge> edges, int bytes) {
    boolean add = type == NEW_ELEMENT;
    int flags = Message.REQUEST | (add ? Message.CREATE : 0);
    Message message = header(new Message(type, flags, bytes + 600), family(set.table()), 0);
    message.attributeName(TABLE, set.table().name()).attributeName(SET, set.set());
    if (set.id() != 0) {
      message.attributeBigU32(SET_ID, set.id());
    }
    int list = message.beginNested(ELEMENTS);
    edges.forEach(edge -> element(message, edge, add));
    return message.end(list).bytes();
  }

  private static void element(Message message, Edge edge, boolean add) {
    Element element = edge.element();
    int item = message.beginNested(LIST_ITEM);
    data(message, KEY, element.first());
    if (edge.end()) {
      message.attributeBigU32(FLAGS, INTERVAL_END);
    }
    if (element.extent() == Extent.BOX) {
      data(message, KEY_END, element.last());
    }
    if (add) {
      value(message, DATA, element.value());
    }
    message.end(item);
  }

  /** The data of an attribute. */
  static void value(Message message, int type, Value value) {
    switch (value) {
      case Value.None _ -> {}
      case Value.Data(Packed packed) -> data(message, type, packed);
      case Value.Verdict(Value.Kind kind, String chain) -> {
        int data = message.beginNested(type);
        int verdict = message.beginNested(DATA_VERDICT);
        message.attributeBigU32(VERDICT_CODE, kind.code());
        if (!chain.isEmpty()) {
          message.attributeName(VERDICT_CHAIN, chain);
        }
        message.end(verdict).end(data);
      }
    }
  }

  private static void data(Message message, int type, Packed packed) {
    int nested = message.beginNested(type);
    message.attribute(DATA_VALUE, packed.bytes()).end(nested);
  }

  /** What an element takes in a message, or a little more. */
  private static int bytes(Edge edge) {
    int value =
        switch (edge.element().value()) {
          case Value.None _ -> 0;
          case Value.Data(Packed packed) -> 8 + aligned(packed.length());
          case Value.Verdict(_, String chain) -> 20 + aligned(chain.length() + 1);
        };
    int keys = edge.element().extent() == Extent.BOX ? 2 : 1;
    return 4 + keys * (8 + aligned(edge.element().first().length())) + 8 + value;
  }

  private static byte[] bound(int type) {
    return header(new Message(type, Message.REQUEST), 0, SUBSYSTEM).bytes();
  }

  private static Message request(int type, int flags, TableName table) {
    int acknowledged = flags == Message.DUMP ? 0 : Message.ACK;
    return header(new Message(type, Message.REQUEST | flags | acknowledged), family(table), 0);
  }

  /** struct nfgenmsg. */
  static Message header(Message message, int family, int resource) {
    return message.u8(family).u8(0).u8(resource >> 8).u8(resource);
  }

  static int family(TableName table) {
    return switch (table.family()) {
      case "inet" -> 1;
      case "ip" -> 2;
      default -> 10;
    };
  }

  private static int aligned(int length) {
    return (length + 3) / 4 * 4;
  }
}
