import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { askGate, judge } from "../../../services/rollout/src/gate";
import { PrometheusServer } from "../../../services/rollout/src/metrics/prometheus";
import { POLICY } from "./support/world";

describe("judge", () => {
  const number = fc.oneof(fc.double(), fc.constantFrom(undefined, Number.NaN, Number.POSITIVE_INFINITY, 0));
  const measurement = fc.record({ requests: number, errors: number, latencyP95Seconds: number });

  test("is good only with enough requests, few errors and short durations, all of them numbers", () => {
    fc.assert(
      fc.property(measurement, (one) => {
        if (judge(one, POLICY).verdict !== "good") return;
        const { requests = Number.NaN, errors = Number.NaN, latencyP95Seconds = Number.NaN } = one;
        expect(requests).toBeGreaterThanOrEqual(POLICY.minimumSamples);
        expect(errors / requests).toBeLessThanOrEqual(POLICY.maximumErrorRate);
        expect(latencyP95Seconds).toBeLessThanOrEqual(POLICY.maximumLatencyP95Seconds);
      }),
    );
  });

  test("is a breach only with enough requests", () => {
    fc.assert(
      fc.property(measurement, (one) => {
        if (judge(one, POLICY).verdict === "breach") {
          expect(one.requests).toBeGreaterThanOrEqual(POLICY.minimumSamples);
        }
      }),
    );
  });

  test.each([
    ["at its limits", { requests: 100, errors: 1, latencyP95Seconds: 1.5 }, "good"],
    ["one request short", { requests: 99, errors: 0, latencyP95Seconds: 0.1 }, "unknown"],
    ["one error more", { requests: 100, errors: 2, latencyP95Seconds: 0.1 }, "breach"],
    ["a little slower", { requests: 100, errors: 0, latencyP95Seconds: 1.51 }, "breach"],
    ["errors, and no durations", { requests: 100, errors: 50, latencyP95Seconds: undefined }, "breach"],
    ["no errors, and no durations", { requests: 100, errors: 0, latencyP95Seconds: Number.NaN }, "unknown"],
  ])("%s: %j is %s", (_, one, verdict) => {
    expect(judge(one, POLICY).verdict).toBe(verdict);
  });
});

/** What a server under the address of Prometheus may answer. */
interface Answer {
  readonly status?: number;
  readonly body: string;
}

const vector = (...values: string[]): Answer => ({
  body: JSON.stringify({
    status: "success",
    data: { resultType: "vector", result: values.map((value) => ({ metric: {}, value: [1764547200.123, value] })) },
  }),
});

describe("the HTTP API", () => {
  let server: Server;
  let answers: (query: string) => Answer | undefined;
  let asked: { path: string; query: string; time: string }[];

  beforeEach(async () => {
    asked = [];
    server = createServer(async (request, response) => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part);
      const form = new URLSearchParams(Buffer.concat(parts).toString());
      const query = form.get("query") ?? "";
      asked.push({ path: `${request.method} ${request.url}`, query, time: form.get("time") ?? "" });
      const answer = answers(query);
      if (answer === undefined) return request.socket.destroy();
      response.writeHead(answer.status ?? 200, { "content-type": "application/json" }).end(answer.body);
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  });

  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });

  const now = new Date("2026-03-01T08:10:00Z");
  const question = {
    namespace: "models",
    subject: { metrics: "knative", revision: "bert-predictor-00002" } as const,
    from: new Date("2026-03-01T08:00:00Z"),
    now,
  };
  const ask = () => {
    const { port } = server.address() as AddressInfo;
    return askGate(
      new PrometheusServer({ url: `http://127.0.0.1:${port}/prometheus/`, timeout: 2000 }),
      question,
      POLICY,
    );
  };
  const each =
    (requests: Answer | undefined, errors: Answer | undefined, latency: Answer | undefined) => (query: string) =>
      query.includes("histogram_quantile") ? latency : query.includes("vector(0)") ? errors : requests;

  test("is asked three questions about the time since the step, all at the same moment", async () => {
    answers = each(vector("400"), vector("2"), vector("0.25"));
    expect(await ask()).toEqual({
      at: now.toISOString(),
      verdict: "good",
      reason: "400 requests within limits",
      requests: 400,
      errorRate: 0.005,
      latencyP95Seconds: 0.25,
    });
    expect(new Set(asked.map(({ path, time }) => `${path} ${time}`))).toEqual(
      new Set(["POST /prometheus/api/v1/query 1772352600.000"]),
    );
    for (const { query } of asked) expect(query).toMatch(/bert-predictor-00002.*\[600s\]/);
  });

  test.each<[string, Answer | undefined, RegExp]>([
    ["an empty answer", vector(), /no requests are counted/],
    ["NaN", vector("NaN"), /no requests are counted/],
    ["+Inf", vector("+Inf"), /no requests are counted/],
    ["few requests", vector("12.5"), /12.5 requests, 100 are needed/],
    ["two series", vector("400", "400"), /not an answer of Prometheus/],
    [
      "an error",
      { status: 422, body: '{"status":"error","errorType":"execution","error":"query timed out"}' },
      /timed out/,
    ],
    [
      "a partial answer",
      { body: vector("400").body.replace("{", '{"warnings":["store-1 is gone"],') },
      /store-1 is gone/,
    ],
    ["a page of a proxy", { status: 502, body: "<html>" }, /Prometheus: /],
    ["a scalar", { body: '{"status":"success","data":{"resultType":"scalar","result":[1,"400"]}}' }, /not an answer/],
    ["nothing: the connection ends", undefined, /Prometheus: fetch failed/],
  ])("%s: nothing is known", async (_, answer, reason) => {
    answers = each(answer, vector("0"), vector("0.1"));
    expect(await ask()).toMatchObject({ verdict: "unknown", reason: expect.stringMatching(reason) });
  });

  test("durations that are NaN: nothing is known", async () => {
    answers = each(vector("400"), vector("0"), vector("NaN"));
    expect(await ask()).toMatchObject({ verdict: "unknown", reason: "no durations are counted" });
  });

  test("nobody listens: nothing is known", async () => {
    const prometheus = new PrometheusServer({ url: "http://127.0.0.1:1" });
    expect(await askGate(prometheus, question, POLICY)).toMatchObject({
      verdict: "unknown",
      reason: expect.stringMatching(/Prometheus: fetch failed/),
    });
  });
});
