package org.k3sjvm.kubelet.probe;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.k3sjvm.kubelet.handler.HttpGet;

/**
 * One call of {@code Check} on a fresh HTTP/2 connection: the few frames that takes, in place of a
 * channel with its threads and buffers.
 *
 * <p>Source: RFC 9113, RFC 7541, gRPC's PROTOCOL-HTTP2.md and grpc/health/v1/health.proto.
 */
final class GrpcCall {
  private static final String PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  private static final int FRAME_BYTES = 16384; // SETTINGS_MAX_FRAME_SIZE when nothing is said
  private static final int HEAD_BYTES = 64 << 10;
  private static final int MESSAGE_BYTES = 1 << 10; // the answer has one small number
  private static final int STREAM = 1;

  private static final int DATA = 0;
  private static final int HEADERS = 1;
  private static final int RESET = 3;
  private static final int SETTINGS = 4;
  private static final int PING = 6;
  private static final int GO_AWAY = 7;
  private static final int CONTINUATION = 9;

  private static final int END_STREAM = 1;
  private static final int ACK = 1;
  private static final int END_HEADERS = 4;
  private static final int PADDED = 8;
  private static final int PRIORITY = 32;

  private static final int UNKNOWN = 2;
  private static final int INTERNAL = 13;

  private final DataInputStream in;
  private final OutputStream out;
  private final DefaultHttp2HeadersDecoder decoder = new DefaultHttp2HeadersDecoder(false);
  private final ByteArrayOutputStream head = new ByteArrayOutputStream(0);
  private final ByteArrayOutputStream message = new ByteArrayOutputStream(0);
  private boolean greeted;
  private boolean over;
  private int code = -1;
  private String text = "";

  /**
   * How the call ended.
   *
   * @param code gRPC's; 0 is well
   * @param serving the {@code ServingStatus}
   */
  record Reply(int code, String message, int serving) {}

  @SuppressWarnings("ArrayRecordComponent") // never compared, never leaves this class
  private record Frame(int type, int flags, int stream, byte[] body) {
    boolean has(int flag) {
      return (flags & flag) != 0;
    }
  }

  GrpcCall(InputStream in, OutputStream out) {
    this.in = new DataInputStream(in);
    this.out = out;
  }

  /** Whether the server has shown that it speaks HTTP/2. */
  boolean greeted() {
    return greeted;
  }

  /**
   * Calls.
   *
   * @throws IOException when the connection ends first, or the server speaks something else
   */
  Reply check(String authority, String service, Duration limit) throws IOException {
    ByteArrayOutputStream request = new ByteArrayOutputStream(256);
    request.writeBytes(PREFACE.getBytes(StandardCharsets.US_ASCII));
    request.writeBytes(frame(SETTINGS, 0, 0, new byte[0]));
    request.writeBytes(frame(HEADERS, END_HEADERS, STREAM, fields(authority, limit)));
    request.writeBytes(frame(DATA, END_STREAM, STREAM, question(service)));
    out.write(request.toByteArray());
    while (!over) {
      take(read());
    }
    return code >= 0
        ? new Reply(code, text, code == 0 ? serving() : 0)
        : new Reply(INTERNAL, "server closed the stream without sending trailers", 0);
  }

  private Frame read() throws IOException {
    byte[] start = in.readNBytes(9);
    if (start.length < 9) {
      throw new IOException(greeted ? "unexpected EOF" : "error reading server preface: EOF");
    }
    int length = (start[0] & 0xff) << 16 | (start[1] & 0xff) << 8 | (start[2] & 0xff);
    int type = start[3];
    if (length > FRAME_BYTES || (!greeted && type != SETTINGS)) {
      throw new IOException("error reading server preface: the server does not speak HTTP/2");
    }
    int stream =
        (start[5] & 0x7f) << 24
            | (start[6] & 0xff) << 16
            | (start[7] & 0xff) << 8
            | (start[8] & 0xff);
    byte[] body = in.readNBytes(length);
    if (body.length < length) {
      throw new IOException("unexpected EOF");
    }
    return new Frame(type, start[4], stream, body);
  }

  private void take(Frame frame) throws IOException {
    switch (frame.type()) {
      case SETTINGS, PING -> {
        greeted = true;
        if (!frame.has(ACK)) {
          byte[] back = frame.type() == PING ? frame.body() : new byte[0];
          out.write(frame(frame.type(), ACK, 0, back));
        }
      }
      case GO_AWAY -> {
        if (frame.body().length >= 4 && frame.body()[3] == 0) { // the last stream it looked at
          throw new IOException("the server is going away");
        }
      }
      case RESET -> {
        if (frame.stream() == STREAM) {
          throw new IOException("stream terminated by RST_STREAM");
        }
      }
      case HEADERS, CONTINUATION, DATA -> {
        if (frame.stream() == STREAM) {
          takeOfCall(frame);
        }
      }
      default -> {} // WINDOW_UPDATE, and what is unknown
    }
  }

  private void takeOfCall(Frame frame) throws IOException {
    over |= frame.type() != CONTINUATION && frame.has(END_STREAM);
    switch (frame.type()) {
      case DATA -> add(message, content(frame), MESSAGE_BYTES);
      case HEADERS -> add(head, content(frame), HEAD_BYTES);
      default -> add(head, frame.body(), HEAD_BYTES);
    }
    if (frame.type() != DATA && frame.has(END_HEADERS)) {
      takeFields();
    }
  }

  private void takeFields() throws IOException {
    Http2Headers fields;
    try {
      fields = decoder.decodeHeaders(STREAM, Unpooled.wrappedBuffer(head.toByteArray()));
    } catch (Http2Exception e) {
      throw new IOException("malformed headers: " + e.getMessage(), e);
    }
    head.reset();
    CharSequence said = fields.get("grpc-message");
    if (fields.contains("grpc-status")) {
      code = number(fields.get("grpc-status"));
      text = said == null ? "" : unescaped(said.toString());
    } else if (fields.status() != null && !"200".contentEquals(fields.status())) {
      code = UNKNOWN;
      text = "unexpected HTTP status code received from server: " + fields.status();
      over = true;
    }
  }

  private int serving() throws IOException {
    byte[] bytes = message.toByteArray();
    if (bytes.length < 5) {
      return 0;
    }
    CodedInputStream fields = CodedInputStream.newInstance(bytes, 5, bytes.length - 5);
    int status = 0;
    for (int tag = fields.readTag(); tag != 0; tag = fields.readTag()) {
      if (tag == 1 << 3) {
        status = fields.readEnum();
      } else {
        fields.skipField(tag);
      }
    }
    return status;
  }

  /** Without padding and priority. */
  private static byte[] content(Frame frame) throws IOException {
    byte[] body = frame.body();
    int from = 0;
    int to = body.length;
    if (frame.has(PADDED)) {
      from = 1;
      to -= body.length == 0 ? 1 : body[0] & 0xff;
    }
    if (frame.type() == HEADERS && frame.has(PRIORITY)) {
      from += 5;
    }
    if (from > to) {
      throw new IOException("malformed frame");
    }
    return java.util.Arrays.copyOfRange(body, from, to);
  }

  private static void add(ByteArrayOutputStream to, byte[] bytes, int most) throws IOException {
    if (to.size() + bytes.length > most) {
      throw new IOException("the server says more than it should");
    }
    to.writeBytes(bytes);
  }

  private static byte[] frame(int type, int flags, int stream, byte[] body) {
    byte[] frame = new byte[9 + body.length];
    frame[1] = (byte) (body.length >> 8);
    frame[2] = (byte) body.length;
    frame[3] = (byte) type;
    frame[4] = (byte) flags;
    frame[8] = (byte) stream;
    System.arraycopy(body, 0, frame, 9, body.length);
    return frame;
  }

  /** Nothing is compressed: names of the static table, values as they are. */
  private static byte[] fields(String authority, Duration limit) {
    ByteArrayOutputStream block = new ByteArrayOutputStream(192);
    block.write(0x83); // :method POST
    block.write(0x86); // :scheme http
    block.write(0x04); // :path
    string(block, "/grpc.health.v1.Health/Check");
    block.write(0x01); // :authority
    string(block, authority);
    block.write(0);
    string(block, "te");
    string(block, "trailers");
    block.write(0);
    string(block, "content-type");
    string(block, "application/grpc");
    block.write(0);
    string(block, "user-agent");
    string(block, HttpGet.userAgent("probe"));
    block.write(0);
    string(block, "grpc-timeout");
    string(block, limit.toSeconds() + "S");
    return block.toByteArray();
  }

  private static void string(ByteArrayOutputStream to, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    to.write(Math.min(bytes.length, 126)); // longer ones would need a second byte: none is
    to.write(bytes, 0, Math.min(bytes.length, 126));
  }

  private static byte[] question(String service) throws IOException {
    int size = service.isEmpty() ? 0 : CodedOutputStream.computeStringSize(1, service);
    byte[] bytes = new byte[5 + size];
    bytes[1] = (byte) (size >> 24);
    bytes[2] = (byte) (size >> 16);
    bytes[3] = (byte) (size >> 8);
    bytes[4] = (byte) size;
    if (size > 0) {
      CodedOutputStream to = CodedOutputStream.newInstance(bytes, 5, size);
      to.writeString(1, service);
      to.flush();
    }
    return bytes;
  }

  private static int number(CharSequence status) {
    try {
      return Integer.parseInt(status, 0, status.length(), 10);
    } catch (NumberFormatException e) {
      return UNKNOWN;
    }
  }

  private static String unescaped(String text) {
    try {
      return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      return text;
    }
  }
}
