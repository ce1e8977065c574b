import java.io.InputStream;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.List;

/** Sends single bytes to a command that echoes them and prints how long each took. See bench/keystrokes.sh. */
final class Keystrokes {
  public static void main(String[] arguments) throws Exception {
    int count = Integer.parseInt(arguments[0]);
    int pauseMillis = Integer.parseInt(arguments[1]);
    Process echo = new ProcessBuilder(List.of(arguments).subList(2, arguments.length)).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    try (OutputStream keys = echo.getOutputStream();
        InputStream screen = echo.getInputStream()) {
      press(keys, screen); // the first one waits for the command to start
      double[] millis = new double[count];
      for (int i = 0; i < count; i++) {
        Thread.sleep(pauseMillis);
        millis[i] = press(keys, screen);
      }
      Arrays.sort(millis);
      System.out.printf("%d keystrokes: p50 %.1f ms, p90 %.1f ms, p99 %.1f ms, worst %.1f ms%n", count, millis[count / 2], millis[count * 90 / 100], millis[count * 99 / 100], millis[count - 1]);
    } finally {
      echo.destroyForcibly();
    }
  }

  private static double press(OutputStream keys, InputStream screen) throws Exception {
    long began = System.nanoTime();
    keys.write('k');
    keys.flush();
    if (screen.read() != 'k') {
      throw new IllegalStateException("the command echoes no more");
    }
    return (System.nanoTime() - began) / 1e6;
  }
}
