package org.k3sjvm.linux.filter;

import java.util.Optional;
import org.k3sjvm.linux.LinuxException;
import org.k3sjvm.linux.process.Command;
import org.k3sjvm.linux.process.CommandResult;
import org.k3sjvm.linux.process.Commands;

/** {@link PacketFilter} through the program nft, which acts where its caller's thread is. */
public final class NftCommand implements PacketFilter {
  private final Commands commands;

  public NftCommand(Commands commands) {
    this.commands = commands;
  }

  @Override
  public void replace(FilterTable table) throws InterruptedException {
    CommandResult result = nft(Command.of("nft", "-f", "-").withInput(table.script()));
    if (!result.succeeded()) {
      throw refused("replace table " + table.name(), result);
    }
  }

  @Override
  public void apply(String script) throws InterruptedException {
    CommandResult result = nft(Command.of("nft", "-f", "-").withInput(script));
    if (!result.succeeded()) {
      throw refused("apply rules", result);
    }
  }

  @Override
  public void delete(TableName table) throws InterruptedException {
    CommandResult result =
        nft(
            Command.of("nft", "-f", "-")
                .withInput("add table " + table + "\ndelete table " + table + "\n"));
    if (!result.succeeded()) {
      throw refused("delete table " + table, result);
    }
  }

  @Override
  public Optional<String> show(TableName table) throws InterruptedException {
    CommandResult result =
        nft(Command.of("nft", "-s", "list", "table", table.family(), table.name()));
    if (result.succeeded()) {
      return Optional.of(result.output());
    }
    if (result.error().contains("No such file or directory")) {
      return Optional.empty();
    }
    throw refused("show table " + table, result);
  }

  private CommandResult nft(Command command) throws InterruptedException {
    try {
      return commands.run(command);
    } catch (LinuxException.NotFound e) {
      throw new LinuxException.Unsupported(
          "the program nft is missing, without it pods have no network:"
              + " install the package nftables",
          0);
    }
  }

  private static LinuxException refused(String attempt, CommandResult result) {
    return new LinuxException.Failed(
        "cannot " + attempt + ": nft says: " + result.error().strip(), result.exitCode());
  }
}
