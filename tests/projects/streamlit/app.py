import streamlit as st

st.title("Orders")
st.line_chart([3, 1, 2])
