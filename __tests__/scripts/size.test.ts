import { ConfigurationError } from "../../constructs/core/errors";
import { loadEnvironments } from "../../environments/load";
import { production } from "../../examples/aws/production";
import { staging } from "../../examples/google/staging";
import { sizeOf } from "../../scripts/size";

const load = () => loadEnvironments([staging, production]);
const run = (line: string) =>
  sizeOf(
    line.split(" ").filter((word) => word !== ""),
    load,
  );

function fault(line: string) {
  try {
    run(line);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults;
    throw error;
  }
  return [];
}

describe("npm run size -- 5000", () => {
  const text = run("5000");
  const lines = text.split("\n");

  test("names the students, the cloud and the engine", () => {
    expect(lines[0]).toBe("5,000 concurrent students on AWS, postgresql, protected");
  });

  test("gives each figure with what it is enough for", () => {
    expect(text).toMatch(/FPM children +225 needed, 345 at most, 15 a pod +7,666 +1\.5 times/);
    expect(text).toMatch(/connections +\d+ of 5000 at the worst moment/);
  });

  test("says what gives out first", () => {
    expect(text).toMatch(/^First gives out: .+ at [\d,]+ students\.$/m);
  });

  test("gives each figure's rule and source", () => {
    expect(text).toMatch(/ {2}FPM children +90 FPM children for 2,000 students/);
    expect(text).toContain("[Udelar, quiz load test of Moodle 4.5, 2026");
    expect(text).toContain("sizing: { concurrentStudents: 5000 }");
  });

  test("fits into a terminal, but for addresses", () => {
    expect(lines.filter((line) => line.length > 110 && !line.includes("https://"))).toEqual([]);
  });
});

test("an engine and a cloud can be named", () => {
  expect(run("300 --cloud google --engine mysql")).toMatch(/on Google Cloud, mysql[\s\S]+db-custom-2-7680/);
});

test("an environment's own figures are held against its own students, or others", () => {
  expect(run("--environment staging")).toMatch(/^100 concurrent students on Google Cloud.+the figures of staging/);
  const text = run("4000 --environment production");
  expect(text).toMatch(/^4,000 concurrent students on AWS/);
  expect(text).toMatch(/^TOO SMALL: database \(db\.m7g\.2xlarge.+ at 2,000 students\.$/m);
});

test("--json has the same for programs", () => {
  const { demand, figures, firstToGiveOut } = JSON.parse(run("2000 --json"));
  expect(demand).toMatchObject({ concurrentStudents: 2000, cloud: "aws" });
  expect(figures.find(({ figure }: { figure: string }) => figure === "FPM children")).toMatchObject({
    students: 3000,
    sources: [{ url: expect.stringMatching(/^https:/) }],
  });
  expect(firstToGiveOut).toEqual({ figure: "database", students: 2000 });
});

test.each([
  ["", "students"],
  ["many", "students"],
  ["9", "students"],
  ["20001", "students"],
  ["2e3", "students"],
  ["2000 3000", "students"],
  ["2000 --cloud azure", "--cloud"],
  ["2000 --cloud google --engine mariadb", "--engine"],
  ["2000 --colour", "arguments"],
  ["--environment", "arguments"],
  ["2000 --json=yes", "arguments"],
  ["--environment nowhere", "--environment"],
  ["--environment staging --cloud aws", "--environment"],
])("'%s' is refused with one clear fault of %s", (line, path) => {
  const faults = fault(line);
  expect(faults).toMatchObject([{ path, allowed: expect.stringMatching(/\w/), remedy: expect.stringMatching(/\w/) }]);
});
