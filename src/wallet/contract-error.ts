/**
 * What can be wrong with a contract's parameters, or with spending from it.
 *
 * Codes are API and do not change; the message says what was found, in words for people. Every
 * other exception of contract-*.ts is a bug.
 */

/** Why a contract could not be made. */
export type ContractParameterCode =
  | "contract-hash"
  | "contract-key"
  | "contract-key-count"
  | "contract-key-twice"
  | "contract-lock"
  | "contract-name"
  | "contract-name-twice"
  | "contract-parameter-missing"
  | "contract-parameter-unknown"
  | "contract-shape"
  | "contract-template-unknown"
  | "contract-threshold";

/** Why a contract could not be spent from. */
export type ContractSpendCode =
  | "spend-branch-unknown"
  | "spend-coins"
  | "spend-feerate"
  | "spend-funds"
  | "spend-key-foreign"
  | "spend-outputs"
  | "spend-preimage-missing"
  | "spend-preimage-wrong"
  | "spend-psbt-foreign"
  | "spend-psbt-malformed"
  | "spend-psbts-differ"
  | "spend-signature-wrong"
  | "spend-signatures-missing"
  | "spend-too-large"
  | "spend-wrong-branch";

export type ContractErrorCode = ContractParameterCode | ContractSpendCode;

/** A contract, or a spend from one, that cannot be; `facts` are the numbers and names compared. */
export class ContractError extends Error {
  override readonly name = "ContractError";
  readonly code: ContractErrorCode;
  readonly facts: ContractFacts;

  constructor(code: ContractErrorCode, message: string, facts: ContractFacts = {}) {
    super(message);
    this.code = code;
    this.facts = facts;
  }
}

/** What a message is about, for programs: the field's path, limits, names of parties. */
export type ContractFacts = Readonly<Record<string, string | number | readonly string[]>>;
