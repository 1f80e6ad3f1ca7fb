import { useState } from 'preact/hooks';
import type { SessionParameters } from '../../../machines/parameters.ts';
import type { ParameterField } from '../app/parameter-fields.ts';
import {
  differs,
  type FieldValue,
  fieldValue,
  recordedValue,
  withValues,
} from '../model/parameter-values.ts';

export interface ParametersProps {
  readonly fields: readonly ParameterField[];
  readonly recorded: SessionParameters;
  readonly onRun: (parameters: SessionParameters) => void;
}

/** The session's parameters as a form: recorded values to begin with, with defaults, units and meanings. */
export function Parameters({ fields: shown, recorded, onRun }: ParametersProps) {
  const [values, setValues] = useState<ReadonlyMap<string, FieldValue>>(new Map());
  const shownValue = (field: ParameterField) =>
    values.get(field.name) ?? fieldValue(recordedValue(recorded, field));
  const [unfolded, setUnfolded] = useState(true);
  const set = (name: string, value: FieldValue) => setValues(new Map(values).set(name, value));
  const changed = shown.filter((field) => differs(recorded, field, shownValue(field)));
  const groups = [...new Set(shown.map(({ name }) => name.split('.')[0] ?? ''))];
  return (
    <form
      class="parameters"
      aria-label="Parameters"
      onSubmit={(event) => {
        event.preventDefault();
        // Makes room for the comparison.
        setUnfolded(false);
        onRun(withValues(recorded, shown, values));
      }}
    >
      <p class="buttons">
        <button type="submit" class="primary" id="compare-run">
          Compare
        </button>
        <button type="button" id="parameters-recorded" onClick={() => setValues(new Map())}>
          As recorded
        </button>
        <button
          type="button"
          id="parameters-defaults"
          onClick={() =>
            setValues(new Map(shown.map(({ name, defaultValue }) => [name, fieldValue(defaultValue)])))
          }
        >
          Defaults
        </button>
        <output class="soft">
          {changed.length === 0 ? 'nothing changed yet' : `${changed.length} changed`}
        </output>
      </p>
      <details open={unfolded} onToggle={(event) => setUnfolded(event.currentTarget.open)}>
        <summary>Parameters</summary>
        {groups.map((group) => (
          <fieldset key={group}>
            <legend>{group}</legend>
            {shown
              .filter(({ name }) => name.startsWith(`${group}.`))
              .map((field) => (
                <Field
                  key={field.name}
                  field={field}
                  value={shownValue(field)}
                  recorded={changed.includes(field) ? fieldValue(recordedValue(recorded, field)) : undefined}
                  onChange={(value) => set(field.name, value)}
                />
              ))}
          </fieldset>
        ))}
        <p class="soft">Word lists by language stay as recorded.</p>
      </details>
    </form>
  );
}

interface FieldProps {
  readonly field: ParameterField;
  readonly value: FieldValue;
  /** What was recorded, if the form says something else. */
  readonly recorded: FieldValue | undefined;
  readonly onChange: (value: FieldValue) => void;
}

function Field({ field, value, recorded, onChange }: FieldProps) {
  const { name, unit, meaning, defaultValue } = field;
  const id = `parameter-${name.replace('.', '-')}`;
  return (
    <div class={recorded === undefined ? 'field' : 'field changed'}>
      <label for={id}>{name.split('.')[1]}</label>
      <span class="field-input">
        <Input id={id} field={field} value={value} onChange={onChange} />
        {unit ? <span class="soft">{unit}</span> : null}
      </span>
      <span class="field-note soft" id={`${id}-note`}>
        {meaning} Default: {defaultWords(defaultValue)}.
        {recorded === undefined ? null : <b class="field-recorded"> Recorded: {defaultWords(recorded)}.</b>}
      </span>
    </div>
  );
}

function Input({ id, field, value, onChange }: Omit<FieldProps, 'recorded'> & { readonly id: string }) {
  const about = { id, name: field.name, 'aria-describedby': `${id}-note` };
  if (typeof value === 'boolean')
    return (
      <input
        {...about}
        type="checkbox"
        checked={value}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
    );
  if (field.kind === 'integer' || field.kind === 'number')
    return (
      <input
        {...about}
        type="number"
        required
        min={0}
        step={field.kind === 'integer' ? 1 : 'any'}
        value={value}
        onInput={(event) => onChange(event.currentTarget.value)}
      />
    );
  return (
    <textarea
      {...about}
      rows={field.kind === 'list' ? 2 : 1}
      dir="auto"
      spellcheck={false}
      value={value}
      onInput={(event) => onChange(event.currentTarget.value)}
    />
  );
}

function defaultWords(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  const text = fieldValue(value);
  return text === '' ? 'empty' : String(text).replaceAll('\n', ', ');
}
