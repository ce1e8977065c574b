package org.k3sjvm.tunnel;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.k3sjvm.base.lifetime.ServiceGroup;
import org.k3sjvm.base.net.HostPort;

@Timeout(30)
class ServerAddressesTest {
  private static final HostPort A = new HostPort("10.0.0.1", 6443);
  private static final HostPort B = new HostPort("10.0.0.2", 6443);

  @Test
  void passesOnTheNewestListOnceItIsCalm() throws Exception {
    BlockingQueue<List<HostPort>> passed = new LinkedBlockingQueue<>();
    ServerAddresses addresses = new ServerAddresses(Duration.ofMillis(200), passed::add);
    try (ServiceGroup group = ServiceGroup.open("test")) {
      addresses.offer(List.of(A));
      addresses.offer(List.of(B));
      addresses.offer(List.of(B, A, B));
      addresses.offer(List.of());
      group.start("addresses", addresses);
      assertThat(passed.take()).containsExactly(A, B);
      addresses.offer(List.of(A, B));
      assertThat(passed.poll(500, TimeUnit.MILLISECONDS)).as("nothing new").isNull();
      addresses.offer(List.of(B));
      assertThat(passed.take()).containsExactly(B);
    }
  }
}
