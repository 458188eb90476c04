import { Answer } from "../../scripts/site/bench/clients";

describe("an answer that a client of the benchmark reads", () => {
  const BODY = "a body\r\n0\r\n\r\nwith ends in it";
  const sized = `HTTP/1.1 200 OK\r\nContent-Length: ${BODY.length}\r\nConnection: close\r\n\r\n${BODY}`;
  const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
  const chunked = `HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n${chunk(BODY)}${chunk("more")}0\r\n\r\n`;

  /** How many bytes are taken until it has ended, when they arrive so many at a time. */
  const lengthOf = (text: string, step: number) => {
    const answer = new Answer();
    for (let at = 0; at < text.length; at += step)
      if (answer.take(Buffer.from(text.slice(at, at + step)))) return Math.min(at + step, text.length);
    return undefined;
  };

  it.each([
    ["a length", sized],
    ["chunks", chunked],
    ["nothing in it", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"],
  ])("ends where it does with %s, however it arrives", (_, text) => {
    for (let step = 1; step <= text.length; step++) {
      expect([step, lengthOf(text, step)]).toEqual([step, text.length]);
      expect([step, lengthOf(text.slice(0, -1), step)]).toEqual([step, undefined]);
    }
  });

  it("says whether the server closes the connection", () => {
    const [closing, kept] = [new Answer(), new Answer()];
    closing.take(Buffer.from(sized));
    kept.take(Buffer.from(chunked));
    expect([closing.isLastOfConnection, kept.isLastOfConnection]).toEqual([true, false]);
  });

  it.each([
    ["HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", "503"],
    ["HTTP/1.1 200 OK\r\nServer: nginx\r\n\r\n", "neither length nor chunks"],
  ])("refuses %j", (text, message) => {
    expect(() => new Answer().take(Buffer.from(text))).toThrow(message);
  });
});
