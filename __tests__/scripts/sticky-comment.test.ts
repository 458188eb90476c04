import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { putComment } from "../../scripts/sticky-comment";

const folder = mkdtempSync(join(tmpdir(), "sticky-comment-"));
const event = join(folder, "event.json");
writeFileSync(event, JSON.stringify({ pull_request: { number: 7 } }));

let server: Server;
let comments: { id: number; body: string; user: { type: string } }[];
let requests: { method: string; path: string; authorization: string; body: string }[];

/** As much of GitHub's API as a comment needs. */
beforeAll(async () => {
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      const { pathname, searchParams } = new URL(request.url ?? "", "http://localhost");
      requests.push({
        method: request.method ?? "",
        path: pathname,
        authorization: request.headers.authorization ?? "",
        body,
      });
      const page = Number(searchParams.get("page"));
      const size = Number(searchParams.get("per_page"));
      response.end(JSON.stringify(request.method === "GET" ? comments.slice((page - 1) * size, page * size) : {}));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
beforeEach(() => {
  comments = [];
  requests = [];
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

function put(body: string) {
  return putComment(body, {
    GITHUB_API_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    GITHUB_REPOSITORY: "example/site",
    GITHUB_EVENT_PATH: event,
    GITHUB_TOKEN: "token",
  });
}

test("writes a comment where there is none", async () => {
  expect(await put("<!-- mark -->\nnew")).toBe("created");
  expect(requests.at(-1)).toEqual({
    method: "POST",
    path: "/repos/example/site/issues/7/comments",
    authorization: "Bearer token",
    body: JSON.stringify({ body: "<!-- mark -->\nnew" }),
  });
});

test("replaces its own earlier comment, wherever among many it stands", async () => {
  const others = Array.from({ length: 150 }, (_, id) => ({ id, body: "words", user: { type: "User" } }));
  comments = [...others, { id: 999, body: "<!-- mark -->\r\nold", user: { type: "Bot" } }];
  expect(await put("<!-- mark -->\nnew")).toBe("updated");
  expect(requests.at(-1)).toMatchObject({ method: "PATCH", path: "/repos/example/site/issues/comments/999" });
});

test("leaves the comments of other stacks and of people alone", async () => {
  comments = [
    { id: 1, body: "<!-- other mark -->\nold", user: { type: "Bot" } },
    { id: 2, body: "<!-- mark -->\nwritten by hand", user: { type: "User" } },
  ];
  expect(await put("<!-- mark -->\nnew")).toBe("created");
});
