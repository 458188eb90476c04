/**
 * `npm run size -- STUDENTS [--cloud aws|google] [--engine postgresql|mysql|mariadb] [--json]`: the figures of a protected
 * site for a number of concurrent students, each with its rule, its source and the number of students at whom it gives out.
 *
 * `npm run size -- [STUDENTS] --environment NAME [--json]`: the figures that an environment has, held against that number
 * or its own.
 */
import { parseArgs } from "node:util";
import { ConfigurationError } from "../constructs/core/errors";
import { environments } from "../environments";
import type { Environment } from "../environments/defaults";
import { loadEnvironments } from "../environments/load";
import { demandOf, figuresOf } from "../environments/sizing/environment";
import { type Demand, type Figures, PROTECTED_SITE } from "../environments/sizing/figures";
import { firstToGiveOut, type Limit, limits } from "../environments/sizing/limits";
import { size } from "../environments/sizing/size";
import { wrap } from "../stacks/wrap";

const WIDTH = 110;
const FEWEST = 10;
const MOST = 20000;
const ENGINES = { aws: ["postgresql", "mysql", "mariadb"], google: ["postgresql", "mysql"] } as const;
const CLOUDS = { aws: "AWS", google: "Google Cloud" };

interface Sized {
  /** Name of the environment whose figures these are; absent where they follow from the students alone. */
  readonly environment?: string;
  readonly demand: Demand;
  readonly figures: Figures;
}

/** @throws ConfigurationError for an argument that cannot be, or an environment that has faults */
export function sizeOf(args: readonly string[], load: () => readonly Environment[]): string {
  const { students, environment, cloud, engine, json } = parse(args);
  const sized =
    environment === undefined ? byStudents(students, cloud, engine) : byEnvironment(load(), environment, students);
  return json ? toJson(sized) : toText(sized);
}

function parse(args: readonly string[]) {
  const { values, positionals } = parsed(args);
  const { cloud, engine, environment, json } = values;
  const [given, surplus] = positionals;
  if (surplus !== undefined) refuse("students", positionals, "one number", "leave the others out");
  if (environment !== undefined && (cloud ?? engine) !== undefined) {
    refuse("--environment", environment, "alone: the environment says its cloud and engine", "leave the others out");
  }
  return { students: studentsOf(given), cloud, engine, environment, json };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        cloud: { type: "string" },
        engine: { type: "string" },
        environment: { type: "string" },
        json: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    const allowed = "[STUDENTS] [--cloud NAME] [--engine NAME] [--environment NAME] [--json]";
    return refuse("arguments", args.join(" "), allowed, (error as Error).message);
  }
}

function studentsOf(given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const students = /^\d+$/.test(given) ? Number(given) : Number.NaN;
  if (students >= FEWEST && students <= MOST) return students;
  return refuse(
    "students",
    given,
    `a whole number from ${FEWEST} to ${MOST}`,
    "give the number of concurrent students",
  );
}

function byStudents(students: number | undefined, cloudName = "aws", engineName = "postgresql"): Sized {
  if (students === undefined) {
    return refuse("students", students, `a number from ${FEWEST} to ${MOST}, or --environment`, "npm run size -- 2000");
  }
  const cloud = choose("--cloud", cloudName, ["aws", "google"] as const);
  const engine = choose("--engine", engineName, ENGINES[cloud]);
  const demand = { ...PROTECTED_SITE, concurrentStudents: students, cloud, engine };
  return { demand, figures: size(demand) };
}

function byEnvironment(all: readonly Environment[], name: string, students: number | undefined): Sized {
  const found = all.find((one) => one.name === name);
  if (found === undefined) {
    const names = all.map((one) => JSON.stringify(one.name)).join(" or ");
    return refuse("--environment", name, names, "name one of environments/index.ts");
  }
  const demand = demandOf(found);
  const concurrentStudents = students ?? demand.concurrentStudents;
  return { environment: name, demand: { ...demand, concurrentStudents }, figures: figuresOf(found) };
}

function toJson({ environment, demand, figures }: Sized): string {
  const all = limits(demand, figures);
  const { figure, students } = firstToGiveOut(all);
  return JSON.stringify({ environment, demand, figures: all, firstToGiveOut: { figure, students } }, undefined, 2);
}

function toText({ environment, demand, figures }: Sized): string {
  const { concurrentStudents, cloud, engine, protection } = demand;
  const all = limits(demand, figures);
  const wanted = figure(concurrentStudents);
  return [
    `${wanted} concurrent students on ${CLOUDS[cloud]}, ${engine}, ${protection}${environment === undefined ? "" : `: the figures of ${environment}`}`,
    "",
    ...table(all, concurrentStudents),
    "",
    verdict(all, concurrentStudents),
    "",
    "By these rules:",
    ...rules(all),
    ...(environment === undefined
      ? ["", `To have it, write in an environment: sizing: { concurrentStudents: ${concurrentStudents} }`]
      : []),
  ].join("\n");
}

function table(all: readonly Limit[], wanted: number): string[] {
  const rows = [
    ["figure", "value", "enough for", "headroom"],
    ...all.map(({ figure: name, value, students }) =>
      students === undefined
        ? [name, value, "", ""]
        : [name, value, figure(students), `${(students / wanted).toFixed(1)} times`],
    ),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => {
    const cells = row.map((cell, column) =>
      column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
    );
    return `  ${cells.join("  ")}`.trimEnd();
  });
}

function verdict(all: readonly Limit[], wanted: number): string {
  const first = firstToGiveOut(all);
  const where = `${first.figure} (${first.value}) at ${figure(first.students)} students`;
  return first.students < wanted ? `TOO SMALL: ${where}.` : `First gives out: ${where}.`;
}

function rules(all: readonly Limit[]): string[] {
  const indent = Math.max(...all.map(({ figure: name }) => name.length)) + 4;
  return all.flatMap(({ figure: name, rule, sources }) => {
    const lines = [
      rule,
      ...sources.map((source) => `[${source.name}${source.url === undefined ? "" : ` ${source.url}`}]`),
    ];
    return lines
      .flatMap((line) => wrap(line, WIDTH - indent))
      .map((line, index) => `  ${(index === 0 ? name : "").padEnd(indent - 2)}${line}`);
  });
}

function figure(count: number): string {
  return count.toLocaleString("en");
}

function choose<T extends string>(path: string, given: string, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === given);
  return found ?? refuse(path, given, allowed.map((one) => JSON.stringify(one)).join(" or "), "choose one of them");
}

function refuse(path: string, given: unknown, allowed: string, remedy: string): never {
  throw new ConfigurationError([{ path, given, allowed, remedy }]);
}

if (require.main === module) {
  try {
    console.log(sizeOf(process.argv.slice(2), () => loadEnvironments(environments, process.env)));
  } catch (error) {
    console.error(error instanceof ConfigurationError ? error.message : error);
    process.exitCode = 1;
  }
}
