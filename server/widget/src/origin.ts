// Where this script came from: there the server is, below whatever path a proxy gives it, unless the host says otherwise.

export const script = document.currentScript as HTMLScriptElement | null;

const from = script?.src || location.href;

/** As in https://host/qw for https://host/qw/widget.js; without a slash at its end. */
export const ORIGIN: string = /^(.*?)(\/static)?\/widget\.js|/.exec(from)?.[1] || new URL(from).origin;

/** The root of the interface, without a slash at its end. */
export function serverRoot(given: string): string {
  return given ? new URL(given, document.baseURI).href.replace(/\/+$/, "") : ORIGIN;
}
