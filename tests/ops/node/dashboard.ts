// The beginning of a program whose only other line is `const dashboard: Checked = {...}`, a dashboard as it stands in
// JSON: the compiler then finds every member and every value that the types published by Grafana do not have.
import type { Dashboard, FieldConfig, FieldConfigSource, Panel, RowPanel } from "@grafana/schema";
import type * as BarGauge from "@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen";
import type * as Stat from "@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen";
import type * as Table from "@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen";
import type * as TimeSeries from "@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen";

/** An enumeration of strings is written as one of them; what is left out gets its default. */
type Json<T> = T extends string ? `${T}` : T extends object ? { [K in keyof T]?: Json<T[K]> } : T;
type Of<Type, Options, Custom = {}> = Omit<Json<Panel>, "type" | "options" | "fieldConfig"> & {
  type: Type;
  options: Json<Options>;
  fieldConfig: Omit<Json<FieldConfigSource>, "defaults"> & {
    defaults: Omit<Json<FieldConfig>, "custom"> & { custom: Json<Custom> };
  };
};
type Checked = Omit<Json<Dashboard>, "panels"> & {
  panels: Array<
    | Of<"bargauge", BarGauge.Options>
    | Of<"stat", Stat.Options>
    | Of<"table", Table.Options, Table.FieldConfig>
    | Of<"timeseries", TimeSeries.Options, TimeSeries.FieldConfig>
    | (Omit<Json<RowPanel>, "type"> & { type: "row" })
  >;
};
