import { loadEnvironments } from "../../environments/load";
import { combinations } from "../../environments/matrix";

const all = combinations();

test("covers every environment, cloud, engine and protection", () => {
  const names = all.map(({ name }) => name);
  for (const base of ["staging", "production"]) {
    for (const protection of ["disposable", "protected"]) {
      for (const engine of ["aws-postgresql", "aws-mysql", "aws-mariadb", "google-postgresql", "google-mysql"]) {
        expect(names).toContain(`${base}-${engine}-${protection}`);
      }
    }
  }
});

test("gives every combination a name of its own", () => {
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
});

test.each(all.map(({ name, input }) => [name, input] as const))(
  "%s is an environment that the schema accepts",
  (_, input) => {
    expect(() => loadEnvironments([input])).not.toThrow();
  },
);
