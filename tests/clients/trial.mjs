// The same for scripts of Node: see trial.py.
export const SERVER = process.env.CLIENTS_SERVER;
export const V1 = `${SERVER}/v1`;
export const MCP = `${SERVER}/mcp`;
export const STDIO = JSON.parse(process.env.CLIENTS_STDIO);
export const QUESTION = "Which sectors gained from preferential access under the USMCA?";
export const NEXT = "Who is Mexico's ambassador?";
export const QUOTED_NEXT = "Esteban Moctezuma";

export function tried(what, said, wanted = "agribusiness") {
  const text = typeof said === "string" ? said : JSON.stringify(said);
  if (!text?.includes(wanted)) {
    console.error(`${what}: no “${wanted}” in: ${text?.slice(0, 300)}`);
    process.exit(1);
  }
  console.log(what);
}

export async function joined(pieces) {
  let text = "";
  for await (const piece of pieces) text += typeof piece === "string" ? piece : "";
  return text;
}
