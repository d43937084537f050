// Style sheets: those of the element, and small ones for what is measured. Never a style attribute.

import answer from "../styles/answer.css";
import base from "../styles/base.css";
import frame from "../styles/frame.css";
import source from "../styles/source.css";

export const styles = base + frame + answer + source;

/** A sheet of this shadow root alone; what it says may be replaced at any time. */
export function ownSheet(root: ShadowRoot): (rules: string) => void {
  const sheet = new CSSStyleSheet();
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
  return (rules) => sheet.replaceSync(rules);
}
