/** A button that copies a text, and says so. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Icon } from "./icons.tsx";

export interface CopyButtonProps {
  readonly text: string;
  /** What is copied, for its name. */
  readonly what: string;
}

export function CopyButton({ text, what }: CopyButtonProps): JSX.Element {
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    await copyText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  };
  return (
    <>
      <button
        type="button"
        class="copy plain"
        aria-label={`Copy ${what}`}
        title="Copy"
        onClick={copy}
      >
        <Icon name={isCopied ? "check" : "copy"} />
      </button>
      <span class="hidden-text" role="status">{isCopied && "Copied"}</span>
    </>
  );
}

/** The clipboard is available on https and localhost only; selected text can be copied everywhere. */
async function copyText(text: string): Promise<void> {
  if (navigator.clipboard !== undefined) return await navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}
