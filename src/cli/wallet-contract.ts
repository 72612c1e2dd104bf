/**
 * `cairn wallet contract`: coins that several keys, a time or a secret decide on.
 *
 * PSBTs go to standard output alone, as with wallet-psbt.ts; what a contract is, the node says in
 * words.
 */

import { JsonError, type JsonValue, parseJson } from "../lib/json.ts";
import { listOf, path, setting, textLike } from "../node/settings.ts";
import { formatCoins } from "../primitives/amount.ts";
import { ApiClient, CLIENT_OPTIONS } from "./api-client.ts";
import { type CommandContext, defineCommand, EXIT_CODE, flagOnly, UsageError } from "./command.ts";
import { printSent } from "./confirm-payment.ts";
import { parseContractParameters } from "./contract-parameters.ts";
import { PASSWORD_OPTIONS, withPassword } from "./read-password.ts";
import { printPsbt, readPsbt } from "./read-psbt.ts";
import { printContract, printTemplates } from "./show-contract.ts";
import { formatCount } from "./units.ts";
import { runVerb, takeArguments } from "./verbs.ts";
import type {
  ContractAnswer,
  ContractKeyAnswer,
  ContractSpendAnswer,
  ContractsAnswer,
  ContractTemplatesAnswer,
  FinalTransactionAnswer,
  SignedPsbtAnswer,
} from "./wallet-answers.ts";
import {
  FEE_OPTIONS,
  given,
  LABEL_OPTIONS,
  MONEY_GROUP,
  WALLET_GROUP,
  walletPath,
} from "./wallet-options.ts";

/** More arguments than the parties of any contract hand in. */
const MAX_ARGUMENTS = 24;

const CONTRACT_OPTIONS = {
  template: flagOnly(
    setting<string | undefined>({
      kind: textLike(/^[a-z]{1,30}$/, "a template's name", "NAME"),
      group: WALLET_GROUP,
      help: "What kind of contract (create)",
      default: undefined,
      defaultText: "that of the file",
    }),
  ),
  param: flagOnly(
    setting<readonly string[]>({
      kind: listOf(textLike(/^.{1,2000}$/su, "NAME=VALUE", "NAME=VALUE")),
      group: WALLET_GROUP,
      help: "A parameter of the template (create)",
      default: [],
      defaultText: "those of the file",
    }),
  ),
  file: flagOnly(
    setting<string | undefined>({
      kind: path("FILE"),
      group: WALLET_GROUP,
      help: "Template and parameters as JSON (create)",
      default: undefined,
      defaultText: "none",
    }),
  ),
  preimage: flagOnly(
    setting<string | undefined>({
      kind: textLike(/^[0-9a-f]{64}$/i, "64 hexadecimal digits", "HEX"),
      group: WALLET_GROUP,
      help: "The secret that a branch asks for (spend, finish)",
      default: undefined,
      defaultText: "none",
      isSecret: true,
    }),
  ),
  feerate: FEE_OPTIONS.feerate,
  ...LABEL_OPTIONS,
  ...PASSWORD_OPTIONS,
  ...CLIENT_OPTIONS,
} as const;

type ContractContext = CommandContext<typeof CONTRACT_OPTIONS>;

export const walletContractCommand = defineCommand({
  name: "wallet contract",
  summary: "Coins that several must agree on",
  group: MONEY_GROUP,
  usage: [
    "wallet contract templates [OPTIONS]",
    "wallet contract key NAME [OPTIONS]",
    "wallet contract create NAME (--template T --param K=V ... | --file FILE) [OPTIONS]",
    "wallet contract list NAME [OPTIONS]",
    "wallet contract show NAME ADDRESS [OPTIONS]",
    "wallet contract spend NAME ADDRESS BRANCH TO [OPTIONS]",
    "wallet contract sign NAME ADDRESS PSBT [OPTIONS]",
    "wallet contract finish NAME ADDRESS BRANCH PSBT [PSBT ...] [OPTIONS]",
  ],
  description:
    "Each party gives the others a key of its wallet (key); everybody makes the same contract of " +
    "them (create), which has an address to pay to. spend plans how its coins leave by one of its " +
    "branches and signs what the wallet can; the others sign; finish sends it. A parameter is a " +
    "public key, with or without a name before it (owner=ada:02ab...), several with commas " +
    "(keys=02ab...,03cd...), a number (threshold=2), or a field of one (lock.blocks=144).",
  options: CONTRACT_OPTIONS,
  maxPositionals: MAX_ARGUMENTS,
  examples: [
    { line: "cairn wallet contract key alice", does: "A key to give to the others" },
    {
      line: "cairn wallet contract create alice --file both.json",
      does: "What its template and parameters say",
    },
    {
      line: "cairn wallet contract spend alice crn1q... spend bob",
      does: "All its coins to bob, with alice's signature",
    },
  ],
  run: (context) => runVerb(context, { templates, key, create, list, show, spend, sign, finish }),
});

async function templates({ options, positionals, terminal, world }: ContractContext) {
  takeArguments(positionals, []);
  const client = new ApiClient({ options, world });
  const { text, value } = await client.getOwn<ContractTemplatesAnswer>("/api/contracts/templates");
  if (options.json) terminal.printRaw(text);
  else printTemplates(terminal, value);
  return EXIT_CODE.ok;
}

async function key({ options, positionals, terminal, world }: ContractContext) {
  const [name] = takeArguments(positionals, ["NAME"]);
  const client = new ApiClient({ options, world });
  const path = walletPath(name, "contract-keys");
  const { text, value } = await client.post<ContractKeyAnswer>(path, {});
  if (options.json) terminal.printRaw(text);
  else terminal.print(value.publicKey);
  return EXIT_CODE.ok;
}

async function create({ options, positionals, terminal, world }: ContractContext) {
  const [name] = takeArguments(positionals, ["NAME"]);
  const { template, parameters } = readWish({ options, world });
  const client = new ApiClient({ options, world });
  const body = given({ template, parameters, label: options.label });
  const { text, value } = await client.post<ContractAnswer>(walletPath(name, "contracts"), body);
  if (options.json) terminal.printRaw(text);
  else printContract(terminal, value);
  return EXIT_CODE.ok;
}

async function list({ options, positionals, terminal, world }: ContractContext) {
  const [name] = takeArguments(positionals, ["NAME"]);
  const client = new ApiClient({ options, world });
  const { text, value } = await client.getOwn<ContractsAnswer>(walletPath(name, "contracts"));
  if (options.json) terminal.printRaw(text);
  else if (value.contracts.length === 0) terminal.print("No contracts yet");
  else {
    terminal.printTable(
      [
        { title: "coins", align: "right" },
        { title: "what" },
        { title: "label" },
        { title: "address" },
      ],
      value.contracts.map(({ balance, template, label, address }) => [
        formatCoins(typeof balance === "number" ? balance : balance.total),
        template,
        label ?? "",
        address,
      ]),
    );
  }
  return EXIT_CODE.ok;
}

async function show({ options, positionals, terminal, world }: ContractContext) {
  const [name, address] = takeArguments(positionals, ["NAME", "ADDRESS"]);
  const client = new ApiClient({ options, world });
  const path = walletPath(name, "contracts", address);
  const { text, value } = await client.getOwn<ContractAnswer>(path);
  if (options.json) terminal.printRaw(text);
  else printContract(terminal, value);
  return EXIT_CODE.ok;
}

async function spend({ options, positionals, terminal, world }: ContractContext) {
  const names = ["NAME", "ADDRESS", "BRANCH", "TO"] as const;
  const [name, address, branch, to] = takeArguments(positionals, names);
  const { feerate, preimage, passwordFile } = options;
  const client = new ApiClient({ options, world });
  const path = walletPath(name, "contracts", address, "spend");
  const { text, value } = await withPassword(name, { client, world, passwordFile }, (authority) =>
    client.post<ContractSpendAnswer>(path, given({ branch, to, feerate, preimage, ...authority })),
  );
  if (options.json) terminal.printRaw(text);
  else {
    printPsbt(terminal, value);
    terminal.printError(`The fee is ${formatCount(value.fee)} sat`);
  }
  return EXIT_CODE.ok;
}

async function sign({ options, positionals, terminal, world }: ContractContext) {
  const [name, address, argument] = takeArguments(positionals, ["NAME", "ADDRESS", "PSBT"]);
  const psbt = await readPsbt(argument, world);
  const { passwordFile } = options;
  const client = new ApiClient({ options, world });
  const path = walletPath(name, "contracts", address, "sign");
  const { text, value } = await withPassword(name, { client, world, passwordFile }, (authority) =>
    client.post<SignedPsbtAnswer>(path, { psbt, ...authority }),
  );
  if (options.json) terminal.printRaw(text);
  else printPsbt(terminal, value);
  return EXIT_CODE.ok;
}

async function finish({ options, positionals, terminal, world }: ContractContext) {
  const names = ["NAME", "ADDRESS", "BRANCH", "PSBT"] as const;
  const [name, address, branch] = takeArguments(positionals.slice(0, names.length), names);
  const psbts: string[] = [];
  for (const argument of positionals.slice(names.length - 1)) {
    psbts.push(await readPsbt(argument, world));
  }
  const client = new ApiClient({ options, world });
  const { text, value } = await client.post<FinalTransactionAnswer>(
    walletPath(name, "contracts", address, "finish"),
    given({ psbts, branch, preimage: options.preimage }),
  );
  if (options.json) terminal.printRaw(text);
  else printSent(terminal, value.txid);
  return EXIT_CODE.ok;
}

/** Returns what is to be made: of the file, or of what was typed. */
function readWish({ options, world }: Pick<ContractContext, "options" | "world">): {
  readonly template: string;
  readonly parameters: JsonValue;
} {
  const { template, param, file } = options;
  if (file === undefined) {
    if (template === undefined) throw new UsageError("--template or --file is needed");
    return { template, parameters: parseContractParameters(param) };
  }
  if (template !== undefined || param.length > 0) {
    throw new UsageError("--file says it all: --template and --param go without it");
  }
  const text = world.readFile(file);
  if (text === undefined) throw new UsageError(`there is no file ${file}`);
  const wish = parseFile(file, text);
  const { template: named, parameters } = wish as { template?: JsonValue; parameters?: JsonValue };
  if (typeof named === "string" && parameters !== undefined) return { template: named, parameters };
  throw new UsageError(`${file}: a contract is { "template": "...", "parameters": { ... } }`);
}

function parseFile(file: string, text: string): object {
  try {
    const value = parseJson(text);
    return typeof value === "object" && value !== null ? value : {};
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause;
    throw new UsageError(`${file}: ${cause.message}`, { cause });
  }
}
