/**
 * The parameters of `cairn` and `regtest`, as the reference model knows them.
 *
 * Taken from the protocol's tables by hand, so that a wrong figure in the product is a divergence.
 * The starting target is not here: it is what the genesis block's header says.
 */

/** What differs between networks. */
export interface ReferenceParameters {
  /** The easiest target there can be, in compact form. */
  readonly limitBits: number;
  readonly coinbaseMaturity: number;
  readonly maxMoney: bigint;
  readonly firstSubsidy: bigint;
  readonly halvingInterval: number;
  readonly maxWeight: number;
  readonly maxSignatureOperationCost: number;
  readonly maxSecondsAhead: number;
  /** Absent where the target never changes. Times are in seconds. */
  readonly retarget?: { interval: number; spacing: number; grace: number };
  /** BIP-0054's limits of a transaction; absent where they do not hold. */
  readonly cleanup?: { minStrippedSize: number; maxSignatureOperations: number };
  /** Rules that are not enforced: to prove that a comparison would notice. */
  readonly disabledRules?: ReadonlySet<string>;
}

const COIN = 100_000_000n;

/** The product's own network. */
export const CAIRN: ReferenceParameters = {
  limitBits: 0x207fffff,
  coinbaseMaturity: 100,
  maxMoney: 84_000_000n * COIN,
  firstSubsidy: 50n * COIN,
  halvingInterval: 840_000,
  maxWeight: 16_000_000,
  maxSignatureOperationCost: 320_000,
  maxSecondsAhead: 120,
  retarget: { interval: 100, spacing: 10, grace: 120 },
  cleanup: { minStrippedSize: 65, maxSignatureOperations: 2_500 },
};

/** Bitcoin's network for tests. */
export const REGTEST: ReferenceParameters = {
  limitBits: 0x207fffff,
  coinbaseMaturity: 100,
  maxMoney: 21_000_000n * COIN,
  firstSubsidy: 50n * COIN,
  halvingInterval: 150,
  maxWeight: 4_000_000,
  maxSignatureOperationCost: 80_000,
  maxSecondsAhead: 7_200,
};
