package org.k3sjvm.linux;

/** Error numbers that the agent meets, alike on x86-64 and arm64. Source: asm-generic/errno.h. */
public final class Errno {
  public static final int EPERM = 1;
  public static final int ENOENT = 2;
  public static final int ESRCH = 3;
  public static final int EINTR = 4;
  public static final int EIO = 5;
  public static final int ENXIO = 6;
  public static final int EAGAIN = 11;
  public static final int ENOMEM = 12;
  public static final int EACCES = 13;
  public static final int EBUSY = 16;
  public static final int EEXIST = 17;
  public static final int ENODEV = 19;
  public static final int ENOTDIR = 20;
  public static final int EINVAL = 22;
  public static final int ENOSPC = 28;
  public static final int EROFS = 30;
  public static final int ERANGE = 34;
  public static final int ENOSYS = 38;
  public static final int EMSGSIZE = 90;
  public static final int EPROTONOSUPPORT = 93;
  public static final int EOPNOTSUPP = 95;
  public static final int EAFNOSUPPORT = 97;
  public static final int EADDRINUSE = 98;
  public static final int EADDRNOTAVAIL = 99;
  public static final int ENETDOWN = 100;
  public static final int ENETUNREACH = 101;
  public static final int ENOBUFS = 105;
  public static final int ECONNREFUSED = 111;
  public static final int EHOSTUNREACH = 113;

  private Errno() {}

  /** A short text for people. */
  public static String text(int errno) {
    return switch (errno) {
      case EPERM -> "operation not permitted";
      case ENOENT -> "no such file or entry";
      case ESRCH -> "no such process or route";
      case EINTR -> "interrupted";
      case EIO -> "input/output error";
      case ENXIO -> "no such device or address";
      case EAGAIN -> "try again";
      case ENOMEM -> "out of memory";
      case EACCES -> "permission denied";
      case EBUSY -> "busy";
      case EEXIST -> "exists already";
      case ENODEV -> "no such device";
      case ENOTDIR -> "not a directory";
      case EINVAL -> "invalid argument";
      case ENOSPC -> "no space left";
      case EROFS -> "read-only file system";
      case ERANGE -> "out of range";
      case ENOSYS -> "not implemented by this kernel";
      case EMSGSIZE -> "message too long";
      case EPROTONOSUPPORT -> "protocol not supported";
      case EOPNOTSUPP -> "not supported";
      case EAFNOSUPPORT -> "address family not supported";
      case EADDRINUSE -> "address in use";
      case EADDRNOTAVAIL -> "address not available";
      case ENETDOWN -> "network is down";
      case ENETUNREACH -> "network is unreachable";
      case ENOBUFS -> "no buffer space";
      case ECONNREFUSED -> "connection refused";
      case EHOSTUNREACH -> "no route to host";
      default -> "error " + errno;
    };
  }
}
