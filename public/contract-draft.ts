/**
 * What somebody filled in to make a contract, read into its parameters, or a sentence about the first
 * thing that is wrong.
 *
 * Pure. What a template means is the node's to say; here is only of which parts its form is made.
 */

import { parseCount } from "./parse-amount.ts";

/** The five templates. */
export const TEMPLATES = ["multisig", "timelock", "htlc", "escrow", "inheritance"] as const;
export type TemplateName = (typeof TEMPLATES)[number];

/** How a lock is told. */
export type LockUnit = "height" | "time" | "blocks" | "seconds";

/** Of which parts a template's form is made. */
export interface TemplateForm {
  readonly title: string;
  readonly parties: readonly {
    readonly field: string;
    readonly title: string;
    /** True if there may be several. */
    readonly isList: boolean;
  }[];
  /** Says how many of the list must sign. */
  readonly hasThreshold: boolean;
  readonly hasHash: boolean;
  readonly lock?: {
    readonly field: string;
    readonly title: string;
    readonly units: readonly LockUnit[];
  };
}

const BARE = { hasThreshold: false, hasHash: false };

export const TEMPLATE_FORMS: Readonly<Record<TemplateName, TemplateForm>> = {
  multisig: {
    ...BARE,
    title: "Several keys",
    parties: [{ field: "keys", title: "Signer", isList: true }],
    hasThreshold: true,
  },
  timelock: {
    ...BARE,
    title: "Locked for a time",
    parties: [{ field: "owner", title: "Owner", isList: false }],
    lock: {
      field: "lock",
      title: "Locked until",
      units: ["height", "time", "blocks", "seconds"],
    },
  },
  htlc: {
    title: "Hash and time",
    parties: [
      { field: "receiver", title: "Receiver", isList: false },
      { field: "sender", title: "Sender", isList: false },
    ],
    hasThreshold: false,
    hasHash: true,
    lock: { field: "refundAfter", title: "Sender takes it back after", units: ["height", "time"] },
  },
  escrow: {
    ...BARE,
    title: "Escrow",
    parties: [
      { field: "buyer", title: "Buyer", isList: false },
      { field: "seller", title: "Seller", isList: false },
      { field: "arbiter", title: "Arbiter", isList: false },
    ],
  },
  inheritance: {
    ...BARE,
    title: "Inheritance",
    parties: [
      { field: "owner", title: "Owner", isList: false },
      { field: "heirs", title: "Heir", isList: true },
    ],
    hasThreshold: true,
    lock: { field: "after", title: "Heirs can spend after", units: ["blocks", "seconds"] },
  },
};

/** One party, as it was filled in. */
export interface PartyDraft {
  readonly name: string;
  readonly publicKey: string;
}

/** The whole form. */
export interface ContractDraft {
  /** By field, at least one each. */
  readonly parties: Readonly<Record<string, readonly PartyDraft[]>>;
  readonly threshold: string;
  readonly hash: string;
  readonly unit: LockUnit;
  readonly lock: string;
}

export const NO_PARTY: PartyDraft = { name: "", publicKey: "" };

const KEY = /^0[23][0-9a-f]{64}$/i;
const HASH = /^[0-9a-f]{64}$/i;
const MOMENT = /^(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2}))?$/;

/** Returns an empty form; lists begin with two parties. */
export function startContract(template: TemplateName): ContractDraft {
  const { parties, lock } = TEMPLATE_FORMS[template];
  return {
    parties: Object.fromEntries(
      parties.map(({ field, isList }) => [field, isList ? [NO_PARTY, NO_PARTY] : [NO_PARTY]]),
    ),
    threshold: "2",
    hash: "",
    unit: lock?.units[0] ?? "height",
    lock: "",
  };
}

/** Returns the parameters of a form, or what is wrong with it. */
export function readContract(
  template: TemplateName,
  draft: ContractDraft,
): { parameters: Record<string, unknown> } | { problem: string } {
  const form = TEMPLATE_FORMS[template];
  const parameters: Record<string, unknown> = {};
  for (const { field, title, isList } of form.parties) {
    const drafts = draft.parties[field] ?? [];
    if (drafts.some(({ publicKey }) => !KEY.test(publicKey.trim()))) {
      return { problem: `${title}: a public key is 66 hex digits that begin with 02 or 03.` };
    }
    const parties = drafts.map(readParty);
    parameters[field] = isList ? parties : parties[0];
  }
  if (form.hasThreshold) {
    const threshold = parseCount(draft.threshold);
    if (threshold === undefined) return { problem: "How many must sign is a whole number." };
    parameters.threshold = threshold;
  }
  if (form.hasHash) {
    if (!HASH.test(draft.hash.trim())) return { problem: "A hash is 64 hex digits." };
    parameters.hash = draft.hash.trim().toLowerCase();
  }
  if (form.lock !== undefined) {
    const value = draft.unit === "time" ? parseMoment(draft.lock) : parseCount(draft.lock);
    if (value === undefined) {
      const what = draft.unit === "time" ? "a moment, as 2027-01-31 12:00" : "a whole number";
      return { problem: `${form.lock.title}: ${what}.` };
    }
    parameters[form.lock.field] = { [draft.unit]: value };
  }
  return { parameters };
}

function readParty({ name, publicKey }: PartyDraft): Record<string, string> {
  const key = { publicKey: publicKey.trim().toLowerCase() };
  return name.trim() === "" ? key : { name: name.trim(), ...key };
}

/** Returns the seconds since 1970 of a day, or of a minute of it, in UTC. */
function parseMoment(text: string): number | undefined {
  const [, day, minute = "00:00"] = MOMENT.exec(text.trim()) ?? [];
  const time = Date.parse(`${day}T${minute}:00Z`);
  return Number.isNaN(time) ? undefined : time / 1_000;
}
