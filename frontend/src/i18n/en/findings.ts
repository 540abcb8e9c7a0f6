// One text for each code of the findings on data; the parameters are those of the service.
export default {
  averaged_duplicates: "{rows} rows had other values than another row of the same time; the mean of both is used: {places}.",
  card_note: "Note of the dataset card: {note}.",
  cleaning_note: "{note}.",
  declared_defect: "Declared by the dataset card, {start} to {end}: {reason}; {masked} values are masked.",
  filled_duplicates: "{rows} rows filled values that were missing in another row of the same time: {places}.",
  gaps: "{rows} rows in {count} gaps have no value; the longest gap has {longest} rows. Longest first: {places}. Gaps are not filled.",
  identical_duplicates: "{rows} rows were identical to another row of the same time and were dropped: {places}.",
  missing_values: "{values} values are missing after cleaning: {channels}. They are ignored in training and scores.",
  outliers: "{channel}: {count} unusual values, {masked} of them masked: {places}.",
  outliers_in_other_channels: "{count} unusual values in {channels} other channels.",
  rows_left_out_of_grid: "{rows} rows between the steps of the time grid were left out.",
  rows_moved_to_grid: "{rows} rows slightly off the regular time grid were moved onto it.",
  sentinels: "{count} cells of {column} stand for a missing value: {cells}.",
  unsorted_rows: "The rows were not in time order; they were sorted.",
  unused_columns: "Columns that are not used: {columns}.",
};
