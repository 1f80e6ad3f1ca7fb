import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The example dialog that comes with the package, in a language (primary tag); undefined if it is not in that one. */
export function packagedDialogIn(language: string): string | undefined {
  return packagedExample(language === 'en' ? 'robot' : `robot.${language}`);
}

/** An example dialog that comes with the package, by name; undefined if there is none. */
export function packagedExample(name: string): string | undefined {
  // The sources lie one level below the package, the compiled output two.
  return ['../', '../../']
    .map((up) => fileURLToPath(new URL(`${up}examples/${name}.dialog.yaml`, import.meta.url)))
    .find((path) => existsSync(path));
}

/** The English one: the default of `dialog`. */
export function packagedDialog(): string {
  return packagedDialogIn('en') ?? 'examples/robot.dialog.yaml';
}
