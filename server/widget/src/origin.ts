// Where this script came from: there the server is, unless the host says otherwise.

export const script = document.currentScript as HTMLScriptElement | null;

export const ORIGIN: string = script?.src ? new URL(script.src).origin : location.origin;

/** The root of the interface, without a slash at its end. */
export function serverRoot(given: string): string {
  return given ? new URL(given, document.baseURI).href.replace(/\/+$/, "") : ORIGIN;
}
