/**
 * Words of a wallet that is there already, typed or pasted, and checked before they go anywhere.
 *
 * What they open is not known here.
 */

import { html, useState } from "../html.ts";
import { MAX_WORDS_LENGTH, splitWords } from "../words.ts";
import { Button } from "./button.ts";
import { TextField } from "./text-field.ts";

interface WordsEntryProps {
  /** Called once, with words that belong together. */
  readonly onEntered: (words: readonly string[]) => void;
  readonly onCancel: () => void;
}

/** A field for 12 to 24 words. */
export function WordsEntry({ onEntered, onCancel }: WordsEntryProps) {
  const [text, setText] = useState("");
  const [problem, setProblem] = useState<string | undefined>(undefined);
  const words = splitWords(text);
  const check = async () => {
    const { findWordsProblem } = await import("../mnemonic.ts");
    const found = findWordsProblem(words);
    setProblem(found);
    if (found === undefined) onEntered(words);
  };
  const submit = (event: Event) => {
    event.preventDefault();
    check().catch(() => setProblem("The list of words could not be loaded; reload the page."));
  };
  const change = (next: string) => {
    setProblem(undefined);
    setText(next);
  };
  return html`<form onSubmit=${submit} class="flex flex-col gap-4" translate=${false}>
    <${TextField}
      label="The words of the wallet"
      value=${text}
      rows=${4}
      isMono=${true}
      isRequired=${true}
      maxLength=${MAX_WORDS_LENGTH}
      hint=${`12 to 24 words in their order; numbers between them do not matter. ${words.length} so far.`}
      problem=${problem}
      onInput=${change}
    />
    <div class="flex flex-wrap gap-2">
      <${Button} type="submit" isMain=${true}>Continue</${Button}>
      <${Button} onClick=${onCancel}>Cancel</${Button}>
    </div>
  </form>`;
}
