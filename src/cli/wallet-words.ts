/**
 * `cairn wallet words`: shows a wallet's words, from its file and with its password.
 *
 * The one place where they are ever shown again; no node is asked, and none would tell.
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { findSetNetwork, networkFolder } from "../node/network-folder.ts";
import { KEYSTORE_NAME } from "../node/open-wallets.ts";
import { SYSTEM_RANDOM } from "../node/system-random.ts";
import { Keystore } from "../wallet/keystore.ts";
import { formatMnemonic } from "../wallet/mnemonic.ts";
import { CLIENT_OPTIONS, type ClientOptions, localConfigOf } from "./api-client.ts";
import { CommandError, defineCommand, EXIT_CODE, type World } from "./command.ts";
import { PASSWORD_OPTIONS, readPassword } from "./read-password.ts";
import { showWords } from "./show-words.ts";
import { takeArguments } from "./verbs.ts";
import { MONEY_GROUP, walletPath } from "./wallet-options.ts";

export const walletWordsCommand = defineCommand({
  name: "wallet words",
  summary: "See a wallet's words again",
  group: MONEY_GROUP,
  usage: ["wallet words NAME [OPTIONS]"],
  description:
    "Opens the wallet's file in the data folder of this machine and shows the words it was made " +
    "of. Works beside a node and without one. Whoever sees them has the wallet.",
  options: { ...PASSWORD_OPTIONS, ...CLIENT_OPTIONS },
  maxPositionals: 1,
  examples: [{ line: "cairn wallet words alice", does: "Asks for the password, shows the words" }],
  run: async ({ options, positionals, terminal, world }) => {
    const [name] = takeArguments(positionals, ["NAME"]);
    walletPath(name);
    const keystore = openKeystore(options, world);
    const wallet = keystore.find(name);
    if (wallet === undefined) throw new CommandError(`there is no wallet ${name} on this machine`);
    const password =
      wallet.kind === "encrypted"
        ? await readPassword(world, options.passwordFile, `Password of ${name}`)
        : "";
    const secret = await keystore.open(name, password);
    const mnemonic = formatMnemonic(secret.entropy);
    const hasPassphrase = secret.passphrase.length > 0;
    secret.wipe();

    if (options.json) {
      const words = mnemonic.split(" ");
      terminal.printRaw(JSON.stringify({ name, words, hasPassphrase }));
      return EXIT_CODE.ok;
    }
    await showWords(terminal, world, mnemonic);
    if (hasPassphrase) {
      terminal.printError(
        "A passphrase belongs to these words; without it they are another wallet.",
      );
    }
    return EXIT_CODE.ok;
  },
});

function openKeystore(options: ClientOptions, world: World): Keystore {
  const config = localConfigOf(options, world);
  const network = findSetNetwork(config);
  const directory = join(networkFolder(config), KEYSTORE_NAME);
  if (!existsSync(directory)) throw new CommandError(`there are no wallets in ${directory}`);
  return new Keystore({
    directory,
    network: { name: network.name, genesis: network.genesis.hash },
    allowsPlain: network.isDevelopment,
    now: () => world.clock.now(),
    randomBytes: (length) => SYSTEM_RANDOM.bytes(length),
  });
}
