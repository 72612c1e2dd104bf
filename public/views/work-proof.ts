/**
 * Why a block counts: its hash under its target, digit by digit, with the zeros that were worked for.
 *
 * Compares nothing that the node has not checked; it only shows why.
 */

import { Card } from "../components/card.ts";
import { countLeadingZeros, formatCount, formatDifficulty, formatNumbered } from "../format.ts";
import { html } from "../html.ts";

interface WorkProofProps {
  readonly hash: string;
  readonly target: string;
  readonly difficulty: number;
}

/** Hash and target, one above the other. */
export function WorkProof({ hash, target, difficulty }: WorkProofProps) {
  const zeros = countLeadingZeros(hash);
  const needed = countLeadingZeros(target);
  const odds = 2 ** 256 / (Number(BigInt(`0x${target}`)) + 1);
  const sentences = [
    `The hash begins with ${formatNumbered(zeros, "zero")}; the target has ${needed}.`,
    hash <= target
      ? "It is not greater than the target, so the block counts."
      : "It is greater than the target: the genesis block needs no work.",
    `One hash in about ${formatCount(Math.round(odds))} is as small: difficulty ${formatDifficulty(difficulty)}.`,
  ];
  return html`<${Card} title="Proof of work">
    <dl class="space-y-3">
      <${Digits} term="Hash" text=${hash} />
      <${Digits} term="Target" text=${target} />
    </dl>
    <p class="mt-3 text-muted">${sentences.join(" ")}</p>
  </${Card}>`;
}

function Digits({ term, text }: { term: string; text: string }) {
  const zeros = countLeadingZeros(text);
  return html`<div>
    <dt class="text-[0.8125rem] text-muted">${term}</dt>
    <dd class="font-mono text-[0.8125rem] break-all sm:text-sm">
      <span class="rounded-sm bg-tint font-semibold text-accent">${text.slice(0, zeros)}</span>${text.slice(zeros)}
    </dd>
  </div>`;
}
