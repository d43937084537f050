// What the host page says by the attributes of the element.

import { Component } from "./component";

export abstract class Hosted extends Component {
  static readonly observedAttributes = [
    "heading", "server", "lang", "theme", "position", "questions", "placeholder", "disclaimer", "open", "shortcut", "strings",
    "key",
  ];

  /** floating, inline or page */
  get mode(): string {
    return this.given("mode") || "inline";
  }

  get open(): boolean {
    return this.hasAttribute("open");
  }

  set open(value: boolean) {
    this.toggleAttribute("open", value);
  }

  get shortcut(): string {
    return this.given("shortcut");
  }

  /** Articles open in a tab of their own, except from a page of their own. */
  get target(): "_self" | "_blank" {
    return this.mode === "page" ? "_self" : "_blank";
  }

  get atStart(): boolean {
    return /start|left/.test(this.given("position"));
  }

  get questions(): string[] {
    return this.given("questions").split(/[|\n]/).map((one) => one.trim()).filter(Boolean);
  }
}
