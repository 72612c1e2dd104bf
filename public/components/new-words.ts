/**
 * New words for a wallet: made here, shown once, and some of them asked for, so that nobody goes on
 * without having written them down.
 *
 * Where the words go then is up to whoever asked for them; here they are forgotten.
 */

import { html, useEffect, useState } from "../html.ts";
import { choosePositions } from "../words.ts";
import { Button } from "./button.ts";
import { LoadingState } from "./states.ts";
import { TextField } from "./text-field.ts";
import { WordGrid } from "./word-grid.ts";

/** Words asked for. */
const ASKED_WORDS = 3;

interface NewWordsProps {
  /** Called once, with words that were written down. */
  readonly onConfirmed: (words: readonly string[]) => void;
  readonly onCancel: () => void;
}

/** Shows new words, then asks for some of them. */
export function NewWords({ onConfirmed, onCancel }: NewWordsProps) {
  const [words, setWords] = useState<readonly string[]>([]);
  const [isWritten, setWritten] = useState(false);
  const [isMissing, setMissing] = useState(false);
  useEffect(() => {
    import("../mnemonic.ts").then(
      ({ makeWords }) => setWords(makeWords()),
      () => setMissing(true),
    );
  }, []);
  if (isMissing) return html`<p role="alert">The words could not be made; reload the page.</p>`;
  if (words.length === 0) return html`<${LoadingState} lines=${6} />`;
  if (isWritten) {
    return html`<${WordsCheck}
      words=${words}
      onPassed=${() => onConfirmed(words)}
      onBack=${() => setWritten(false)}
    />`;
  }
  return html`<div class="flex flex-col gap-4">
    <p>
      These words are the wallet. Whoever has them has its coins, and without them nothing brings it
      back. Write them down in this order, on paper, where nobody else looks. They are shown only now.
    </p>
    <${WordGrid} words=${words} />
    <div class="flex flex-wrap gap-2">
      <${Button} isMain=${true} onClick=${() => setWritten(true)}>I have written them down</${Button}>
      <${Button} onClick=${onCancel}>Cancel</${Button}>
    </div>
  </div>`;
}

interface WordsCheckProps {
  readonly words: readonly string[];
  readonly onPassed: () => void;
  readonly onBack: () => void;
}

function WordsCheck({ words, onPassed, onBack }: WordsCheckProps) {
  const [positions] = useState(() => choosePositions(ASKED_WORDS, words.length, randomBelow));
  const [answers, setAnswers] = useState<Readonly<Record<number, string>>>({});
  const [isRefused, setRefused] = useState(false);
  const submit = (event: Event) => {
    event.preventDefault();
    const isRight = positions.every((position) => {
      return answers[position]?.trim().toLowerCase() === words[position];
    });
    setRefused(!isRight);
    if (isRight) onPassed();
  };
  return html`<form onSubmit=${submit} class="flex flex-col gap-4">
    <p>Which words did you write down?</p>
    <div class="grid gap-3 sm:grid-cols-3">
      ${positions.map(
        (position) => html`<${TextField}
          key=${position}
          label=${`Word ${position + 1}`}
          value=${answers[position] ?? ""}
          isMono=${true}
          isRequired=${true}
          onInput=${(answer: string) => setAnswers({ ...answers, [position]: answer })}
        />`,
      )}
    </div>
    <p role="alert" class="min-h-5 text-sm text-bad">
      ${isRefused ? "That is not what was shown. Look at the words again." : ""}
    </p>
    <div class="flex flex-wrap gap-2">
      <${Button} type="submit" isMain=${true}>Continue</${Button}>
      <${Button} onClick=${onBack}>Show the words again</${Button}>
    </div>
  </form>`;
}

/** Which words are asked for need not be fair to the last bit. */
function randomBelow(below: number): number {
  return (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) % below;
}
