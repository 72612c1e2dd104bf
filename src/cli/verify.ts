/**
 * `cairn verify`: checks the whole chain in the data directory again, also beside a running node.
 *
 * Shows progress and result; how it is checked is in node/verify-chain.ts.
 */

import { chooseSignatureVerifier } from "../node/signature-verifier.ts";
import { openStoredChain } from "../node/stored-chain.ts";
import { type VerifyResult, verifyChain } from "../node/verify-chain.ts";
import { CHAIN_OPTIONS, findChainPlace } from "./chain-options.ts";
import { defineCommand, EXIT_CODE } from "./command.ts";
import { Progress } from "./progress.ts";
import type { Terminal } from "./terminal.ts";
import { formatCount } from "./units.ts";

export const verifyCommand = defineCommand({
  name: "verify",
  summary: "Check the whole stored chain again",
  group: "Chain files",
  usage: ["verify [OPTIONS]"],
  description:
    "Replays every stored block from the first one, scripts included, and compares the coins that " +
    "come out with the stored ones. Changes nothing, and may run beside a node.",
  options: CHAIN_OPTIONS,
  maxPositionals: 0,
  examples: [
    { line: "cairn verify", does: "Check the chain of network cairn" },
    { line: "cairn verify --network regtest", does: "Check another network's" },
  ],
  run: async ({ options, terminal, world }) => {
    const { network, folder } = findChainPlace(options);
    const stored = openStoredChain(folder, network);
    const progress = new Progress({
      output: terminal.stderr,
      now: () => world.clock.monotonic(),
      label: "verifying",
      unit: "blocks",
      total: stored.height,
      isSilent: options.json,
    });
    try {
      const result = await verifyChain({
        stored,
        network,
        signatures: chooseSignatureVerifier(),
        now: () => world.clock.now(),
        onProgress: (height) => progress.update(height),
      });
      progress.finish();
      if (options.json) terminal.printRaw(JSON.stringify(result));
      else printResult(terminal, result);
      return result.status === "valid" ? EXIT_CODE.ok : EXIT_CODE.failed;
    } finally {
      stored.close();
    }
  },
});

function printResult(terminal: Terminal, result: VerifyResult): void {
  if (result.status === "valid") {
    terminal.print({ text: "valid", style: "green" }, `, all ${formatCount(result.blocks)} blocks`);
    return;
  }
  const { height, code, wrong } = result;
  terminal.print(
    { text: "invalid", style: "red" },
    ` at height ${formatCount(height)} (${code}): ${wrong}`,
  );
}
