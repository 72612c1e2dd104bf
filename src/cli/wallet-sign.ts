/**
 * `cairn wallet sign` and `cairn wallet verify`: proof that an address is somebody's (BIP-0322).
 *
 * Verifying needs no node: the signature says it all.
 */

import { findSetNetwork } from "../node/network-folder.ts";
import { AddressError, parseAddress } from "../primitives/address.ts";
import { verifyMessage } from "../wallet/message.ts";
import { ApiClient, CLIENT_OPTIONS, localConfigOf } from "./api-client.ts";
import { defineCommand, EXIT_CODE, UsageError } from "./command.ts";
import { PASSWORD_OPTIONS, withPassword } from "./read-password.ts";
import { takeArguments } from "./verbs.ts";
import { MONEY_GROUP, walletPath } from "./wallet-options.ts";

export const walletSignCommand = defineCommand({
  name: "wallet sign",
  summary: "Sign a message by an address",
  group: MONEY_GROUP,
  usage: ["wallet sign NAME ADDRESS MESSAGE [OPTIONS]"],
  description:
    "Prints a signature that proves to whoever verifies it that the holder of the address wrote the " +
    "message. It spends nothing.",
  options: { ...PASSWORD_OPTIONS, ...CLIENT_OPTIONS },
  maxPositionals: 3,
  examples: [{ line: 'cairn wallet sign alice crn1q... "it is mine"', does: "The signature" }],
  run: async ({ options, positionals, terminal, world }) => {
    const [name, address, message] = takeArguments(positionals, ["NAME", "ADDRESS", "MESSAGE"]);
    const client = new ApiClient({ options, world });
    const { passwordFile } = options;
    const { text, value } = await withPassword(name, { client, world, passwordFile }, (authority) =>
      client.post<{ readonly signature: string }>(walletPath(name, "messages"), {
        address,
        message,
        ...authority,
      }),
    );
    if (options.json) terminal.printRaw(text);
    else terminal.print(value.signature);
    return EXIT_CODE.ok;
  },
});

export const walletVerifyCommand = defineCommand({
  name: "wallet verify",
  summary: "Check the signature of a message",
  group: MONEY_GROUP,
  usage: ["wallet verify ADDRESS SIGNATURE MESSAGE [OPTIONS]"],
  description:
    "Asks no node. The address is one of the network that --network or --dev names. Exits with 1 if " +
    "the signature does not prove that the address's holder wrote the message.",
  options: CLIENT_OPTIONS,
  maxPositionals: 3,
  examples: [{ line: 'cairn wallet verify crn1q... smp... "it is mine"', does: "Is that so?" }],
  run: async ({ options, positionals, terminal, world }) => {
    const names = ["ADDRESS", "SIGNATURE", "MESSAGE"] as const;
    const [address, signature, message] = takeArguments(positionals, names);
    const network = findSetNetwork(localConfigOf(options, world));
    const verdict = verifyMessage(message, readAddress(address, network), signature);
    const isValid = verdict.status === "valid";
    if (options.json) terminal.printRaw(JSON.stringify({ valid: isValid, ...verdict }));
    else
      terminal.print({ text: verdict.status, style: isValid ? "green" : "red" }, reasonOf(verdict));
    return isValid ? EXIT_CODE.ok : EXIT_CODE.failed;
  },
});

function readAddress(address: string, network: ReturnType<typeof findSetNetwork>): Uint8Array {
  try {
    return parseAddress(address, network.addressPrefixes);
  } catch (cause) {
    if (!(cause instanceof AddressError)) throw cause;
    throw new UsageError(`${cause.message} of network ${network.name}`, { cause });
  }
}

function reasonOf(verdict: ReturnType<typeof verifyMessage>): string {
  switch (verdict.status) {
    case "valid":
      return "";
    case "invalid":
      return `: ${verdict.reason}`;
    case "locked":
      return `: it holds once lock time ${verdict.lockTime} and sequence ${verdict.sequence} are reached`;
    case "inconclusive":
      return ": it is of a kind that only rules to come can judge";
  }
}
