// Where this script came from: there the server is, below whatever path a proxy gives it, unless the host says otherwise.

export const script = document.currentScript as HTMLScriptElement | null;

const OWN = /(?:\/static)?\/widget\.js(?:[?#].*)?$/;

/** As in https://host/qw for https://host/qw/widget.js; without a slash at its end. */
export const ORIGIN: string = script && OWN.test(script.src)
  ? script.src.replace(OWN, "")
  : new URL(script?.src || location.href).origin;

/** The root of the interface, without a slash at its end. */
export function serverRoot(given: string): string {
  return given ? new URL(given, document.baseURI).href.replace(/\/+$/, "") : ORIGIN;
}
