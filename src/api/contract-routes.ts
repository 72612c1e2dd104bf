/**
 * Routes of contracts: made by a wallet, watched, and spent from together with the other parties.
 *
 * Handlers only put parts together; PSBTs go from party to party in whatever way they like.
 */

import { base64 } from "@scure/base";
import type { Static } from "@sinclair/typebox";
import { fromHex, toHex } from "../lib/bytes.ts";
import { encodeTransaction } from "../primitives/transaction.ts";
import { TEMPLATE_NAMES } from "../wallet/contract-templates.ts";
import { PsbtError } from "../wallet/psbt-error.ts";
import { formatPath } from "../wallet/wallet.ts";
import type { ApiContext } from "./api-context.ts";
import {
  CombineContractBody,
  ContractBody,
  ContractKeyView,
  ContractPage,
  ContractSpendView,
  ContractView,
  FinishBody,
  FinishedSpend,
  SignContractBody,
  SpendBody,
  TemplateList,
} from "./contract-schemas.ts";
import { TEMPLATE_TEXTS } from "./contract-texts.ts";
import { describe, type Operation } from "./operation.ts";
import { readBody, readQuery } from "./request-input.ts";
import { createRouter } from "./router.ts";
import { NoBody, NoQuery, PageQuery } from "./schemas.ts";
import { viewContract, viewContractSpend } from "./view-contract.ts";
import { MempoolViewer } from "./view-mempool.ts";
import { EXAMPLE_CONTRACT, EXAMPLE_CONTRACT_ADDRESS, EXAMPLE_PSBT } from "./wallet-examples.ts";
import {
  feerateOf,
  readyWallet,
  WALLET_EXAMPLE,
  WALLET_PATH,
  withAuthority,
} from "./wallet-request.ts";
import { Removed } from "./wallet-schemas.ts";

export function contractRoutes(context: ApiContext) {
  const { mempool, network } = context.node;
  const { contracts } = context.node.wallets;
  const viewer = new MempoolViewer({ mempool, params: network.params });
  return createRouter("contracts")
    .get(
      "/api/contracts/templates",
      ({ request }) => {
        readQuery(request, NoQuery);
        return { templates: TEMPLATE_NAMES.map(viewTemplate) };
      },
      TEMPLATES,
    )
    .post(
      "/api/wallets/:name/contract-keys",
      async ({ params: { name }, request }) => {
        await readBody(request, NoBody);
        const { publicKey, path, index } = contracts.newKey(name);
        const key = { publicKey: toHex(publicKey), path: formatPath(path), index };
        return Response.json(key, { status: 201 });
      },
      NEW_KEY,
    )
    .get(
      "/api/wallets/:name/contracts",
      async ({ params: { name }, request }) => {
        const query = readQuery(request, PageQuery);
        await readyWallet(context, name);
        const { rows, nextCursor } = contracts.list(name, query);
        return { contracts: rows.map(viewContract), cursor: nextCursor ?? null };
      },
      LIST,
    )
    .post(
      "/api/wallets/:name/contracts",
      async ({ params: { name }, request }) => {
        const { template, parameters, label } = await readBody(request, ContractBody);
        await readyWallet(context, name);
        const made = contracts.create(name, template, parameters, label);
        return Response.json(viewContract(made), { status: 201 });
      },
      CREATE,
    )
    .get(
      "/api/wallets/:name/contracts/:address",
      async ({ params: { name, address }, request }) => {
        readQuery(request, NoQuery);
        await readyWallet(context, name);
        return viewContract(contracts.get(name, address));
      },
      ONE,
    )
    .delete(
      "/api/wallets/:name/contracts/:address",
      async ({ params: { name, address }, request }) => {
        await readBody(request, NoBody);
        contracts.remove(name, address);
        return { removed: true };
      },
      REMOVE,
    )
    .post(
      "/api/wallets/:name/contracts/:address/spend",
      async ({ params: { name, address }, request }) => {
        const body = await readBody(request, SpendBody);
        return spend(context, viewer, request, { name, address, body });
      },
      SPEND,
    )
    .post(
      "/api/wallets/:name/contracts/:address/sign",
      async ({ params: { name, address }, request }) => {
        const { psbt, branch, ...authority } = await readBody(request, SignContractBody);
        const bytes = decodePsbt(psbt);
        await readyWallet(context, name);
        return viewContractSpend(
          await withAuthority(request, authority, (leave) =>
            contracts.sign(name, address, bytes, branch, leave),
          ),
        );
      },
      SIGN,
    )
    .post(
      "/api/wallets/:name/contracts/:address/combine",
      async ({ params: { name, address }, request }) => {
        const { psbts } = await readBody(request, CombineContractBody);
        await readyWallet(context, name);
        return viewContractSpend(contracts.combine(name, address, psbts.map(decodePsbt)));
      },
      COMBINE,
    )
    .post(
      "/api/wallets/:name/contracts/:address/finish",
      async ({ params: { name, address }, request }) => {
        const { psbts, branch, preimage } = await readBody(request, FinishBody);
        await readyWallet(context, name);
        const secret = preimage === undefined ? undefined : fromHex(preimage);
        const means = { branch, preimage: secret };
        const tx = contracts.finish(name, address, psbts.map(decodePsbt), means);
        return { hex: toHex(encodeTransaction(tx)), txid: tx.txid, submitted: true };
      },
      FINISH,
    );
}

async function spend(
  context: ApiContext,
  viewer: MempoolViewer,
  request: Request,
  asked: { name: string; address: string; body: Static<typeof SpendBody> },
) {
  const { name, address, body } = asked;
  const { branch, to, feerate, target, preimage, sign = true, ...authority } = body;
  const { wallets } = context.node;
  await readyWallet(context, name);
  const wish = {
    branch,
    feerate: feerateOf(viewer, {
      ...(feerate === undefined ? {} : { feerate }),
      ...(target === undefined ? {} : { target }),
    }),
    scriptPubKey: wallets.resolve(to).scriptPubKey,
    preimage: preimage === undefined ? undefined : fromHex(preimage),
  };
  return viewContractSpend(
    await withAuthority(request, authority, (leave) =>
      wallets.contracts.spend(name, address, wish, leave, sign),
    ),
  );
}

/** Which is refused for its form in the same words everywhere. */
function decodePsbt(text: string): Uint8Array {
  try {
    return base64.decode(text.replace(/\s+/g, ""));
  } catch {
    throw new PsbtError("format", "it is no base64");
  }
}

function viewTemplate(name: (typeof TEMPLATE_NAMES)[number]) {
  const { summary, parameters } = TEMPLATE_TEXTS[name];
  return {
    name,
    summary,
    parameters,
  };
}

function describeContract(operation: Omit<Operation, "tag" | "isPrivate">) {
  return describe({ ...operation, tag: "Contracts", isPrivate: true });
}

const OF_WALLET = { path: WALLET_PATH, pathExamples: WALLET_EXAMPLE };
const OF_CONTRACT = {
  path: { ...WALLET_PATH, address: "Of the contract." },
  pathExamples: { ...WALLET_EXAMPLE, address: EXAMPLE_CONTRACT_ADDRESS },
};

const TEMPLATES = describeContract({
  summary: "Contracts that can be made",
  description: "With what each needs to be told.",
  answers: { 200: { description: "The templates.", schema: TemplateList } },
});

const NEW_KEY = describeContract({
  ...OF_WALLET,
  summary: "A key to bring to a contract",
  description:
    "A public key of this wallet that no contract has yet, to give to the other parties.",
  body: NoBody,
  answers: { 201: { description: "The key.", schema: ContractKeyView } },
});

const LIST = describeContract({
  ...OF_WALLET,
  summary: "Contracts of a wallet",
  description: "Newest first.",
  query: PageQuery,
  answers: { 200: { description: "A page.", schema: ContractPage } },
});

const CREATE = describeContract({
  ...OF_WALLET,
  summary: "Make a contract",
  description:
    "From a template and its parameters. Every party makes it alike, and finds the same address; " +
    "whoever pays that address puts coins into the contract.",
  body: ContractBody,
  bodyExample: { ...EXAMPLE_CONTRACT, label: "piggy bank" },
  answers: { 201: { description: "The contract.", schema: ContractView } },
});

const ONE = describeContract({
  ...OF_CONTRACT,
  summary: "A contract",
  description: "What it means, what lies in it, and who can spend it when.",
  answers: { 200: { description: "The contract.", schema: ContractView } },
});

const REMOVE = describeContract({
  ...OF_CONTRACT,
  summary: "Forget a contract",
  description: "Its coins stay where they are; the same parameters make it again.",
  body: NoBody,
  answers: { 200: { description: "It is gone.", schema: Removed } },
});

const SPEND = describeContract({
  ...OF_CONTRACT,
  summary: "Begin to spend from a contract",
  description:
    "Makes a PSBT of all coins whose lock is open, signed by this wallet unless `sign` is false. " +
    "Nothing is sent before it is finished.",
  body: SpendBody,
  bodyExample: { branch: "spend", to: "bob" },
  answers: { 200: { description: "How far it is.", schema: ContractSpendView } },
});

const SIGN = describeContract({
  ...OF_CONTRACT,
  summary: "Sign a spend of another party",
  description: "Adds this wallet's signatures, if the PSBT spends what it says it does.",
  body: SignContractBody,
  bodyExample: { psbt: EXAMPLE_PSBT },
  answers: { 200: { description: "How far it is.", schema: ContractSpendView } },
});

const COMBINE = describeContract({
  ...OF_CONTRACT,
  summary: "Put signatures together",
  description: "Of PSBTs that several parties signed.",
  body: CombineContractBody,
  bodyExample: { psbts: [EXAMPLE_PSBT] },
  answers: { 200: { description: "How far it is.", schema: ContractSpendView } },
});

const FINISH = describeContract({
  ...OF_CONTRACT,
  summary: "Finish a spend and send it",
  description: "Of PSBTs that have enough signatures between them.",
  body: FinishBody,
  bodyExample: { psbts: [EXAMPLE_PSBT] },
  answers: { 200: { description: "It is sent.", schema: FinishedSpend } },
});
