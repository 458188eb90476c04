import { rewriteSerialised } from "./php-serialised";

/** Gives a value with the new address, or the same value. */
export type Rewriter = (value: string) => string;

/**
 * Rewrites an address wherever a value holds it: in text, in JSON (however often its slashes are escaped), encoded for
 * a query, in PHP's serialised form, whose lengths follow, and in that form under base64, as blocks keep theirs. A value
 * that looks serialised and is not is left alone. `https://a.example` is not found in `https://a.example.org`.
 */
export function addressRewriter(from: string, to: string): Rewriter {
  const inText = textRewriter(from, to);
  return function rewrite(value: string): string {
    if (/^([aOsCE]:\d|N;|[bid]:)/.test(value)) return rewriteSerialised(value, rewrite) ?? value;
    if (/^(YT|Tz|cz)[A-Za-z0-9+/]+=*$/.test(value)) {
      const decoded = Buffer.from(value, "base64").toString("latin1");
      if (Buffer.from(decoded, "latin1").toString("base64") !== value) return value;
      const rewritten = rewriteSerialised(Buffer.from(decoded, "latin1").toString("utf8"), rewrite);
      return rewritten === undefined ? value : Buffer.from(rewritten, "utf8").toString("base64");
    }
    return inText(value);
  };
}

function textRewriter(from: string, to: string): Rewriter {
  // An address ends where no further letter of a host name, path segment or port follows.
  const end = "(?![\\w~-]|[.:@]\\w|%3A|%2D|\\\\u)";
  const plain = new RegExp(`${escapePattern(from).replaceAll("/", "(?:\\\\*)/")}${end}`, "g");
  const encoded = new RegExp(`${escapePattern(encodeURIComponent(from))}${end}`, "gi");
  return (value) =>
    value
      .replace(plain, (found) => {
        const escapes = /\\*(?=\/)/.exec(found)?.[0] ?? "";
        return to.replaceAll("/", () => `${escapes}/`);
      })
      .replace(encoded, () => encodeURIComponent(to));
}

function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
