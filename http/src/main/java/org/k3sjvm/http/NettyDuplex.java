package org.k3sjvm.http;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import io.netty.handler.ssl.SslHandler;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A Netty channel as blocking streams. At most one read is outstanding and it is asked for only
 * when all received bytes are taken, so a connection holds one receive buffer; the same read tells
 * early that the peer has gone. Writers wait while the channel's outbound buffer is above its mark.
 */
final class NettyDuplex extends ChannelInboundHandlerAdapter implements Duplex {
  private static final int WRITE_BYTES = 16 * 1024;
  private static final long FLUSH_SECONDS = 5;

  private final Channel channel;
  private final Duration writeLimit;
  private final Runnable peerGone;
  private final InputStream input = new Input();
  private final OutputStream output = new Output();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  @GuardedBy("lock")
  private final Deque<ByteBuf> received = new ArrayDeque<>();

  @GuardedBy("lock")
  private boolean reading;

  @GuardedBy("lock")
  private boolean inputEnded;

  @GuardedBy("lock")
  private boolean closed;

  @GuardedBy("lock")
  private @Nullable Throwable fault;

  private volatile long readLimitNanos;

  /**
   * Streams over a channel whose auto-read is off.
   *
   * @param peerGone runs once on the event loop when the peer sends no more
   */
  NettyDuplex(Channel channel, Duration writeLimit, Runnable peerGone) {
    this.channel = channel;
    this.writeLimit = writeLimit;
    this.peerGone = peerGone;
  }

  @Override
  public InputStream input() {
    return input;
  }

  @Override
  public OutputStream output() {
    return output;
  }

  @Override
  public void readTimeout(Duration limit) {
    readLimitNanos = limit.toNanos();
  }

  @Override
  public void closeOutput() {
    channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(_ -> endOutput());
  }

  @Override
  public void close() {
    lock.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      releaseReceived();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
    // A peer that does not read keeps neither the bytes nor the connection.
    var forced = channel.eventLoop().schedule(this::abort, FLUSH_SECONDS, TimeUnit.SECONDS);
    channel.closeFuture().addListener(_ -> forced.cancel(false));
  }

  private void abort() {
    var _ = channel.close();
  }

  private void endOutput() {
    SslHandler tls = channel.pipeline().get(SslHandler.class);
    if (tls != null) {
      var _ = tls.closeOutbound();
    } else if (channel instanceof DuplexChannel duplex) {
      var _ = duplex.shutdownOutput();
    }
  }

  @Override
  public void channelActive(ChannelHandlerContext context) {
    requestRead();
    context.fireChannelActive();
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf bytes = (ByteBuf) message;
    lock.lock();
    try {
      if (closed || !bytes.isReadable()) {
        bytes.release();
      } else {
        received.add(bytes);
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    boolean again;
    lock.lock();
    try {
      reading = false;
      again = received.isEmpty() && !inputEnded;
    } finally {
      lock.unlock();
    }
    if (again) {
      requestRead();
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    lock.lock();
    try {
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event instanceof ChannelInputShutdownEvent || event instanceof SslCloseCompletionEvent) {
      endInput(null);
    }
    context.fireUserEventTriggered(event);
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    endInput(null);
    context.fireChannelInactive();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    endInput(cause);
    var _ = context.close();
  }

  private void endInput(@Nullable Throwable cause) {
    boolean first;
    lock.lock();
    try {
      first = !inputEnded;
      inputEnded = true;
      if (fault == null) {
        fault = cause;
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    if (first) {
      peerGone.run();
    }
  }

  private void requestRead() {
    lock.lock();
    try {
      if (reading || inputEnded) {
        return;
      }
      reading = true;
    } finally {
      lock.unlock();
    }
    channel.read();
  }

  @GuardedBy("lock")
  private void releaseReceived() {
    received.forEach(ByteBuf::release);
    received.clear();
  }

  private int take(byte[] bytes, int offset, int count) throws IOException {
    boolean drained;
    int taken;
    lock.lock();
    try {
      awaitInput();
      ByteBuf first = received.peek();
      if (first == null) {
        if (fault != null) {
          throw new IOException("the connection broke: " + fault.getMessage(), fault);
        }
        return -1;
      }
      taken = Math.min(count, first.readableBytes());
      first.readBytes(bytes, offset, taken);
      if (!first.isReadable()) {
        received.remove();
        first.release();
      }
      drained = received.isEmpty();
    } finally {
      lock.unlock();
    }
    if (drained) {
      requestRead();
    }
    return taken;
  }

  @GuardedBy("lock")
  private void awaitInput() throws IOException {
    long limit = readLimitNanos;
    long left = limit;
    try {
      while (received.isEmpty() && !inputEnded && !closed) {
        if (limit == 0) {
          changed.await();
        } else if (left <= 0) {
          throw new SocketTimeoutException("the peer sent nothing in " + Duration.ofNanos(limit));
        } else {
          left = changed.awaitNanos(left);
        }
      }
    } catch (InterruptedException e) {
      throw interrupted();
    }
    if (closed) {
      throw new IOException("the connection is closed");
    }
  }

  private void awaitWritable() throws IOException {
    long left = writeLimit.toNanos();
    lock.lock();
    try {
      while (!closed && fault == null && channel.isActive() && !channel.isWritable()) {
        if (left <= 0) {
          var _ = channel.close();
          throw new SocketTimeoutException("the peer read nothing in " + writeLimit);
        }
        left = changed.awaitNanos(left);
      }
      if (fault != null) {
        throw new IOException("the connection broke: " + fault.getMessage(), fault);
      }
      if (closed || !channel.isActive()) {
        throw new IOException("the connection is closed");
      }
    } catch (InterruptedException e) {
      throw interrupted();
    } finally {
      lock.unlock();
    }
  }

  private static InterruptedIOException interrupted() {
    Thread.currentThread().interrupt();
    return new InterruptedIOException("interrupted");
  }

  private void afterWrite(ChannelFuture written) {
    Throwable cause = written.cause();
    if (cause != null) {
      lock.lock();
      try {
        if (fault == null) {
          fault = cause;
        }
        changed.signalAll();
      } finally {
        lock.unlock();
      }
    }
  }

  private final class Input extends InputStream {
    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return take(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int count) throws IOException {
      return count == 0 ? 0 : take(bytes, offset, count);
    }

    @Override
    public int available() {
      lock.lock();
      try {
        return received.stream().mapToInt(ByteBuf::readableBytes).sum();
      } finally {
        lock.unlock();
      }
    }
  }

  private final class Output extends OutputStream {
    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int count) throws IOException {
      int from = offset;
      int end = offset + count;
      while (from < end) {
        awaitWritable();
        int size = Math.min(WRITE_BYTES, end - from);
        ByteBuf part = channel.alloc().heapBuffer(size, size).writeBytes(bytes, from, size);
        channel
            .writeAndFlush(part)
            .addListener((ChannelFutureListener) NettyDuplex.this::afterWrite);
        from += size;
      }
    }
  }
}
